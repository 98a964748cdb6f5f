-- The requests that hold lines of some conversions, or are about bills that do, the oldest first. `seqs` are the numbers of
-- these lines.
SELECT
    held.dedup_key::text, approvals.id::text, approvals.subject, approvals.subject_id, approvals.rule,
    approvals.rule_version, approvals.amount, approvals.currency, approvals.state, approvals.step, approvals.steps,
    approvals.created_by, approvals.created_at, approvals.settled_at, held.seqs
FROM (
    SELECT dedup_key, approval_id, array_agg(seq ORDER BY seq) AS seqs
    FROM approval_lines
    WHERE dedup_key = ANY(%(dedup_keys)s::uuid [])
    GROUP BY dedup_key, approval_id
    UNION ALL
    SELECT items.dedup_key, about.id, array_agg(items.seq ORDER BY items.seq)
    FROM bill_items AS items
    JOIN approvals AS about ON about.subject_id = items.bill_id::text AND about.subject = 'bill'
    WHERE items.dedup_key = ANY(%(dedup_keys)s::uuid [])
    GROUP BY items.dedup_key, about.id
) AS held
JOIN approvals ON approvals.id = held.approval_id
ORDER BY approvals.created_at, approvals.id
LIMIT %(limit)s
