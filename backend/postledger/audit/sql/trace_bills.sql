-- The bills that hold lines of some conversions, with the numbers of these lines, in the order in which they were made.
SELECT
    items.dedup_key::text, bills.id::text, bills.number, array_agg(items.seq ORDER BY items.seq) AS lines, bills.payee,
    bills.period, bills.amount, bills.currency,
    CASE
        WHEN bills.state NOT IN ('approved', 'exported') OR bills.paid <= 0 THEN bills.state
        WHEN bills.paid < bills.amount THEN 'partly_paid'
        ELSE 'paid'
    END AS state,
    bills.paid, bills.approved_by_rule, bills.created_by, bills.created_at, bills.updated_at
FROM bill_items AS items
JOIN bills ON bills.id = items.bill_id
WHERE items.dedup_key = ANY(%(dedup_keys)s::uuid[])
GROUP BY items.dedup_key, bills.id
ORDER BY bills.created_at, bills.number
LIMIT %(limit)s
