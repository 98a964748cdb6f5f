-- The lines of conversions for payees who are paid, with what people have said about them. One may lack only its rate. Each sub-query is a look-up by the key, see
-- `read_lines.sql`.
SELECT
    line.dedup_key::text, line.seq, line.payee, line.happened_at, line.currency, line.amount, line.base_amount,
    line.base_currency,
    line.unmapped IS NOT NULL, coalesce(request.is_agreed, false), coalesce(request.is_refused, false), bill_items.bill_id IS NOT NULL,
    coalesce(request.held_by, '{}')
FROM unnest(%s::uuid []) AS wanted (key)
CROSS JOIN LATERAL (
    SELECT * FROM expense_lines
    WHERE expense_lines.dedup_key = wanted.key
    OFFSET 0
) AS line
CROSS JOIN LATERAL (
    SELECT
        bool_or(approvals.state = 'approved') AS is_agreed,
        bool_or(approvals.subject = 'line' AND approvals.state IN ('rejected', 'returned')) AS is_refused,
        array_agg(approvals.id::text) FILTER (WHERE approvals.state IN ('waiting', 'rejected', 'returned')) AS held_by
    FROM approval_lines
    JOIN approvals ON approvals.id = approval_lines.approval_id
    WHERE approval_lines.dedup_key = line.dedup_key AND approval_lines.seq = line.seq
) AS request
LEFT JOIN bill_items ON bill_items.dedup_key = line.dedup_key AND bill_items.seq = line.seq
WHERE line.direction = 'payable' AND line.payee IS NOT NULL AND (line.unmapped IS NULL OR line.unmapped = 'no_rate')
ORDER BY line.dedup_key, line.seq
