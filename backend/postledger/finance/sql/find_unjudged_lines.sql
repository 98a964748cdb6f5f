-- The payable lines of conversions that neither a rule nor a person has judged, nor a bill holds. Once a request holds
-- lines of a conversion for a payee in a currency, the others of these are settled with it.
SELECT line.dedup_key::text, line.seq
FROM expense_lines AS line
WHERE
    line.dedup_key = ANY(%s::uuid [])
    AND line.direction = 'payable' AND line.payee IS NOT NULL AND line.unmapped IS NULL
    AND line.approved_by_rule IS NULL
    AND NOT EXISTS (
        SELECT FROM line_approvals
        WHERE line_approvals.dedup_key = line.dedup_key AND line_approvals.seq = line.seq
    )
    AND NOT EXISTS (
        SELECT FROM bill_items WHERE bill_items.dedup_key = line.dedup_key AND bill_items.seq = line.seq
    )
    AND NOT EXISTS (
        SELECT FROM approval_lines
        JOIN expense_lines AS held ON held.dedup_key = approval_lines.dedup_key AND held.seq = approval_lines.seq
        WHERE
            approval_lines.dedup_key = line.dedup_key
            AND held.currency = line.currency AND held.payee = line.payee
    )
