-- Locks bills.
SELECT id::text, number, state, paid FROM bills WHERE id = ANY(%s::uuid []) ORDER BY id FOR UPDATE
