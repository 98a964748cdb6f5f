-- Replays, the newest first, or one of them.
SELECT id::text, state, created_at, updated_at, actor, selection, counts
FROM replays
WHERE %(id)s::uuid IS NULL OR id = %(id)s::uuid
ORDER BY created_at DESC, id DESC
LIMIT %(limit)s
