-- Sets what is paid of each bill to the sum of its matched payments. Rows are locked by id, as elsewhere, so that nothing
-- waits in a circle.
WITH sums AS (
    SELECT bill_id, sum(applied_amount) AS paid
    FROM matches
    WHERE bill_id IS NOT NULL AND undone_at IS NULL AND part = 'payment' AND state IN ('matched', 'confirmed')
    GROUP BY bill_id
),

changed AS (
    SELECT bills.id, coalesce(sums.paid, 0) AS paid
    FROM bills
    LEFT JOIN sums ON sums.bill_id = bills.id
    WHERE bills.paid <> coalesce(sums.paid, 0)
    ORDER BY bills.id
    FOR UPDATE OF bills
)

UPDATE bills SET paid = changed.paid, updated_at = %(now)s
FROM changed
WHERE bills.id = changed.id
