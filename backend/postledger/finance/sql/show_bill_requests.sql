-- The requests about a bill, newest first.
SELECT id::text, state, rule, step, steps, created_at, settled_at
FROM approvals
WHERE subject = 'bill' AND subject_id = %s
ORDER BY created_at DESC
