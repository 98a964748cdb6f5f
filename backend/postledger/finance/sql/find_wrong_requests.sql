-- Conversions in a request that waits although its lines do not sum to its amount, or that holds what is on a bill.
SELECT DISTINCT line.conversion_id::text
FROM (
    SELECT approvals.id
    FROM approvals
    JOIN approval_lines ON approval_lines.approval_id = approvals.id
    JOIN expense_lines AS line ON line.dedup_key = approval_lines.dedup_key AND line.seq = approval_lines.seq
    LEFT JOIN bill_items ON bill_items.dedup_key = line.dedup_key AND bill_items.seq = line.seq
    WHERE approvals.state = 'waiting' AND approvals.subject IN ('line', 'payee_day')
    GROUP BY approvals.id, approvals.amount, approvals.currency
    HAVING
        sum(line.amount) <> approvals.amount OR bool_or(line.currency <> approvals.currency)
        OR bool_or(bill_items.bill_id IS NOT NULL)
) AS wrong
JOIN approval_lines ON approval_lines.approval_id = wrong.id
JOIN expense_lines AS line ON line.dedup_key = approval_lines.dedup_key AND line.seq = approval_lines.seq
ORDER BY 1
