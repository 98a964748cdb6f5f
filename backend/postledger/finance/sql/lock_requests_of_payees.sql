-- The requests about money of payees that wait, locked until the end of the transaction, with their lines.
SELECT
    id::text, subject, subject_id, rule, rule_version, steps,
    extract(EPOCH FROM remind_at - created_at)::integer, payee, amount, currency, created_by,
    ARRAY(
        SELECT held.dedup_key::text FROM approval_lines AS held
        WHERE held.approval_id = approvals.id ORDER BY held.dedup_key, held.seq
    ),
    ARRAY(
        SELECT held.seq FROM approval_lines AS held
        WHERE held.approval_id = approvals.id ORDER BY held.dedup_key, held.seq
    )
FROM approvals
WHERE payee = ANY(%s) AND subject <> 'payee_change' AND state = 'waiting'
ORDER BY id
FOR UPDATE
