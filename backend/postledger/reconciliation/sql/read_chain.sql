-- The statements of a bank account that cover days, in the order of their import.
SELECT id::text, since, until, opening, closing, proof
FROM statements
WHERE account = %s AND since IS NOT NULL AND until IS NOT NULL
ORDER BY imported_at, id
