-- Gathers what may be billed, is due and is in no bill. A line without an amount adds nothing.
INSERT INTO due_lines
SELECT
    line.dedup_key, line.seq, line.payee, line.currency, line.period, line.category, line.account, line.tax_code,
    line.amount
FROM payable_lines AS line
WHERE
    line.payee = ANY(%(payees)s)
    AND (%(period)s::date IS NULL OR line.period = %(period)s)
    AND line.billable_from <= %(today)s
    AND line.amount <> 0
    AND NOT EXISTS (
        SELECT FROM bill_items WHERE bill_items.dedup_key = line.dedup_key AND bill_items.seq = line.seq
    )
