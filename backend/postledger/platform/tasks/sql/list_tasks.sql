-- Tasks in some states, the newest first. One that a worker holds is running.
SELECT
    id::text, name AS task, state, attempts, due_at, fault, progress, args, created_by, created_at, settled_at
FROM (
    SELECT
        id, name, attempts, due_at, fault, progress, args, created_by, created_at, settled_at,
        CASE WHEN state = 'waiting' AND leased_until > %(now)s THEN 'running' ELSE state END AS state
    FROM tasks
) AS task
WHERE state = ANY(%(states)s) AND (%(name)s::text IS NULL OR name = %(name)s)
ORDER BY created_at DESC, id DESC
LIMIT %(limit)s::bigint
