-- Lock some tasks, and return what state each is in.
SELECT id::text, CASE WHEN state = 'waiting' AND leased_until > %(now)s THEN 'running' ELSE state END
FROM tasks
WHERE id = ANY(%(ids)s::uuid[])
ORDER BY id
FOR UPDATE
