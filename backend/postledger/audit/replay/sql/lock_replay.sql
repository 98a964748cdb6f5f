-- A replay and how far it is, locked until the batch commits: two sessions that go on with it take turns.
SELECT selection, counts, cursor_received_at, cursor_id::text, state FROM replays WHERE id = %s::uuid FOR UPDATE
