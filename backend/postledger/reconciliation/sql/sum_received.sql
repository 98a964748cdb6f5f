-- Sets what is received of each receivable to the sum of its matched payments.
WITH sums AS (
    SELECT receivable_id, sum(applied_amount) AS received
    FROM matches
    WHERE receivable_id IS NOT NULL AND undone_at IS NULL AND part = 'payment' AND state IN ('matched', 'confirmed')
    GROUP BY receivable_id
)

UPDATE receivables SET received = coalesce(sums.received, 0), updated_at = %(now)s
FROM receivables AS old
LEFT JOIN sums ON sums.receivable_id = old.id
WHERE receivables.id = old.id AND old.received <> coalesce(sums.received, 0)
