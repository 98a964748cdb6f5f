-- Bills and receivables that a bank line can pay or take back, with what matches have paid of them. Older ones that are
-- paid are left out.
WITH paid AS (
    SELECT bill_id, receivable_id, sum(applied_amount) AS amount
    FROM matches
    WHERE
        (bill_id IS NOT NULL OR receivable_id IS NOT NULL) AND undone_at IS NULL
        AND part = 'payment' AND state IN ('matched', 'confirmed')
    GROUP BY bill_id, receivable_id
)

SELECT
    bills.id::text, 'bill', bills.number, bills.payee, bills.currency, bills.amount, bills.period,
    coalesce(paid.amount, 0), bills.state IN ('approved', 'exported')
FROM bills
LEFT JOIN paid ON paid.bill_id = bills.id
WHERE
    bills.state IN ('waiting', 'approved', 'exported') AND bills.amount > 0
    AND (bills.amount > coalesce(paid.amount, 0) OR bills.updated_at >= %(looked_back)s)
UNION ALL
SELECT
    receivables.id::text, 'receivable', receivables.number, receivables.payee, receivables.currency, receivables.amount,
    receivables.period, coalesce(paid.amount, 0), true
FROM receivables
LEFT JOIN paid ON paid.receivable_id = receivables.id
WHERE
    receivables.amount > 0
    AND (receivables.amount > coalesce(paid.amount, 0) OR receivables.updated_at >= %(looked_back)s)
