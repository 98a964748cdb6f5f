-- Bills and receivables by their numbers, with what is paid of them.
SELECT
    id::text, 'bill', number, payee, currency, amount, period, paid, state IN ('approved', 'exported')
FROM bills
WHERE number = ANY(%(numbers)s)
UNION ALL
SELECT id::text, 'receivable', number, payee, currency, amount, period, received, true
FROM receivables
WHERE number = ANY(%(numbers)s)
