-- Lease the task that has been due for longest, of those that no other worker holds.
UPDATE tasks SET attempts = tasks.attempts + 1, leased_until = %(leased_until)s
FROM (
    SELECT id FROM tasks
    WHERE
        state = 'waiting' AND due_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
        AND name = ANY(%(names)s) AND attempts < %(attempts)s
    ORDER BY due_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
) AS due
WHERE tasks.id = due.id
RETURNING tasks.id::text, tasks.name, tasks.args, tasks.attempts
