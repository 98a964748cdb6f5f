-- A receivable by its number, or by its id: what a network owes us for a month.
SELECT id::text, number, payee, period, amount, currency, received, created_at, updated_at
FROM receivables
WHERE number = %(number)s OR id = %(id)s::uuid
LIMIT %(limit)s
