-- Bills and receivables of which another amount counts as paid than their matched payments sum to, or less than nothing.
SELECT items.number, items.paid, coalesce(sums.paid, 0)
FROM (
    SELECT id, number, paid FROM bills
    UNION ALL
    SELECT id, number, received FROM receivables
) AS items
LEFT JOIN (
    SELECT coalesce(bill_id, receivable_id) AS id, sum(applied_amount) AS paid
    FROM matches
    WHERE
        (bill_id IS NOT NULL OR receivable_id IS NOT NULL)
        AND part = 'payment' AND state IN ('matched', 'confirmed')
    GROUP BY coalesce(bill_id, receivable_id)
) AS sums ON sums.id = items.id
WHERE items.paid <> coalesce(sums.paid, 0) OR items.paid < 0
ORDER BY items.number
