-- What the lines of requests say, in order.
SELECT
    held.approval_id::text, line.id::text, line.amount, line.currency, line.category, line.account, line.payee, line.rule
FROM approval_lines AS held
CROSS JOIN LATERAL (
    SELECT * FROM expense_lines
    WHERE expense_lines.dedup_key = held.dedup_key AND expense_lines.seq = held.seq
    OFFSET 0
) AS line
WHERE held.approval_id = ANY(%s::uuid [])
ORDER BY held.approval_id, held.dedup_key, held.seq
