-- Make tasks due now, with all their attempts, except those that are settled otherwise or that a worker holds.
UPDATE tasks SET state = 'waiting', attempts = 0, due_at = %(now)s, leased_until = NULL, settled_at = NULL
WHERE
    id = ANY(%(ids)s::uuid[])
    AND (state = 'dead' OR (state = 'waiting' AND (leased_until IS NULL OR leased_until <= %(now)s)))
RETURNING id::text
