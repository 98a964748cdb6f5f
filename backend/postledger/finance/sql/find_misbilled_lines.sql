-- Conversions with a line that is on two bills, on one of another payee, currency or month, on a cancelled one, or on any
-- although no payee is paid for it.
SELECT DISTINCT coalesce(line.conversion_id, items.dedup_key)::text
FROM (SELECT *, count(*) OVER (PARTITION BY dedup_key, seq) AS bills FROM bill_items) AS items
LEFT JOIN bills ON bills.id = items.bill_id
LEFT JOIN expense_lines AS line ON line.dedup_key = items.dedup_key AND line.seq = items.seq
WHERE
    items.bills > 1
    OR bills.id IS NULL OR line.dedup_key IS NULL
    OR bills.state = 'cancelled'
    OR line.payee IS DISTINCT FROM bills.payee
    OR line.currency <> bills.currency
    OR line.period <> bills.period
    OR line.direction <> 'payable'
    OR line.unmapped IS NOT NULL
ORDER BY 1
