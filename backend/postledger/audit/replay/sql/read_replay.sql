-- A replay and how far it is.
SELECT selection, counts, cursor_received_at, cursor_id::text, state FROM replays WHERE id = %s::uuid
