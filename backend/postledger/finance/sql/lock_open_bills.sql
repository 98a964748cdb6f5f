-- Locks the bills that may become approved, or wait again, in one order for all who do so.
SELECT id::text
FROM bills
WHERE state IN ('waiting', 'approved') AND (payee = ANY(%(payees)s) OR id = ANY(%(bill_ids)s::uuid []))
ORDER BY id
FOR UPDATE
