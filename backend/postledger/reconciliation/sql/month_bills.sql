-- The bills of a month that are not cancelled, those with most to pay first.
SELECT
    bills.number,
    bills.payee,
    payees.name AS payee_name,
    bills.currency,
    bills.amount,
    bills.paid AS settled,
    CASE
        WHEN bills.state NOT IN ('approved', 'exported') OR bills.paid <= 0 THEN bills.state
        WHEN bills.paid < bills.amount THEN 'partly_paid'
        ELSE 'paid'
    END AS state
FROM bills
LEFT JOIN payees ON payees.id = bills.payee
WHERE bills.period = %(period)s AND bills.state <> 'cancelled'
ORDER BY bills.amount - bills.paid DESC, bills.number
LIMIT %(limit)s
