-- What is told of requests.
SELECT
    approvals.id::text, approvals.subject, approvals.payee, payees.name, approvals.amount, approvals.currency,
    approvals.step, approvals.steps, approvals.rule, approvals.created_at, approvals.content_sha256, bills.number,
    (
        SELECT array_agg(DISTINCT category ORDER BY category)
        FROM (
            SELECT category
            FROM approval_lines INNER JOIN expense_lines USING (dedup_key, seq)
            WHERE approval_id = approvals.id
            UNION ALL
            SELECT category FROM bill_lines WHERE bill_id = bills.id
        ) AS lines
        WHERE category IS NOT NULL
    )
FROM approvals
LEFT JOIN payees ON payees.id = approvals.payee
LEFT JOIN bills ON bills.id = CASE WHEN approvals.subject = 'bill' THEN approvals.subject_id::uuid END
WHERE approvals.id = any(%s::uuid [])
