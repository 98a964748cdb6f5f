-- The payees with their names and the hashes of their bank accounts. A retired one can still be paid.
SELECT id, name, bank_account_hash FROM payees
