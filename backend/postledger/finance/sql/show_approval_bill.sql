-- The bill that a request is about.
SELECT id::text, number, payee, period, currency, amount, carried_in, carried_out, state
FROM bills
WHERE id = %s::uuid
