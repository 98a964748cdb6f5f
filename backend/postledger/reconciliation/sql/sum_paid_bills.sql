-- Sets what is paid of each bill to the sum of its matched payments.
WITH sums AS (
    SELECT bill_id, sum(applied_amount) AS paid
    FROM matches
    WHERE bill_id IS NOT NULL AND undone_at IS NULL AND part = 'payment' AND state IN ('matched', 'confirmed')
    GROUP BY bill_id
)

UPDATE bills SET paid = coalesce(sums.paid, 0), updated_at = %(now)s
FROM bills AS old
LEFT JOIN sums ON sums.bill_id = old.id
WHERE bills.id = old.id AND old.paid <> coalesce(sums.paid, 0)
