-- The receivables of a month, those with most to receive first.
SELECT
    receivables.number,
    receivables.payee,
    payees.name AS payee_name,
    receivables.currency,
    receivables.amount,
    receivables.received AS settled,
    CASE
        WHEN receivables.received <= 0 THEN 'open'
        WHEN receivables.received < receivables.amount THEN 'partly_paid'
        ELSE 'paid'
    END AS state
FROM receivables
LEFT JOIN payees ON payees.id = receivables.payee
WHERE receivables.period = %(period)s
ORDER BY receivables.amount - receivables.received DESC, receivables.number
LIMIT %(limit)s
