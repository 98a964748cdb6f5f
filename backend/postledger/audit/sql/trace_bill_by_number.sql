-- A bill by its number, or by its id.
SELECT
    id::text, number, payee, period, amount, currency,
    CASE
        WHEN bills.state NOT IN ('approved', 'exported') OR bills.paid <= 0 THEN bills.state
        WHEN bills.paid < bills.amount THEN 'partly_paid'
        ELSE 'paid'
    END AS state,
    paid, approved_by_rule, created_by, created_at, updated_at
FROM bills
WHERE number = %(number)s OR id = %(id)s::uuid
LIMIT %(limit)s
