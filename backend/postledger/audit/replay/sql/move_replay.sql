-- Moves a replay to the last row that was read. The last batch is empty.
UPDATE replays
SET
    counts = %(counts)s::text::jsonb, updated_at = %(now)s,
    cursor_received_at = coalesce(%(received_at)s::timestamptz, cursor_received_at),
    cursor_id = coalesce(%(row_id)s::uuid, cursor_id),
    state = CASE WHEN %(is_done)s THEN 'done' ELSE state END
WHERE id = %(id)s::uuid
