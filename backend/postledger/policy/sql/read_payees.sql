-- The payees in force, or the retired ones, with the hashes of their bank accounts.
SELECT id, name, currency, tax_code, erp_reference, min_bill, bank_account_hash
FROM payees WHERE (removed_at IS NULL) = %s ORDER BY id
