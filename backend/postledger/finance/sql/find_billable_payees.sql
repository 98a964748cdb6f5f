-- Payees with lines that are due and in no bill, or with money that earlier bills carried. Whether the lines are approved
-- is looked up later.
SELECT payee
FROM expense_lines AS line
WHERE
    line.direction = 'payable' AND line.payee IS NOT NULL AND line.unmapped IS NULL AND line.amount <> 0
    AND (%(payee)s::text IS NULL OR line.payee = %(payee)s)
    AND (%(period)s::date IS NULL OR line.period = %(period)s)
    AND line.billable_from <= %(today)s
    AND NOT EXISTS (
        SELECT FROM bill_items WHERE bill_items.dedup_key = line.dedup_key AND bill_items.seq = line.seq
    )
UNION
SELECT payee
FROM bills
WHERE state <> 'cancelled' AND (%(payee)s::text IS NULL OR payee = %(payee)s) AND %(period)s::date IS NULL
GROUP BY payee, currency
HAVING sum(exact - amount) > 0
ORDER BY 1
