-- The entries of the audit chain about a work item, about some subjects, and about the batches of expense lines that were
-- written at some times, in their order.
SELECT
    seq, at, (extract(EPOCH FROM at) * 1000000)::bigint AS at_us, actor, action, subject, body, prev, hash
FROM audit_log
WHERE
    (subject = %(item)s::text AND starts_with(action, 'discrepancy.'))
    OR (subject = ANY(%(subjects)s::text []) AND NOT starts_with(action, 'discrepancy.'))
    OR (action = 'lines.map' AND at = ANY(%(times)s::timestamptz []))
ORDER BY seq
LIMIT %(limit)s
