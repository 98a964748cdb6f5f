-- The open requests about some subjects, locked until the end of the transaction. A decision that is under way is waited
-- for, and what it settled is not returned. All lock in the order of ids, so that none waits for another in a circle.
SELECT
    id::text, subject, subject_id, rule, rule_version, steps,
    extract(EPOCH FROM remind_at - created_at)::integer, created_by
FROM approvals
WHERE subject_id = ANY(%(subject_ids)s) AND subject = ANY(%(subjects)s) AND state IN ('waiting', 'rejected', 'returned')
ORDER BY id
FOR UPDATE
