-- The payees in force, without their bank accounts.
SELECT
    id, name, currency, min_bill, tax_code, erp_reference, bank_account IS NOT NULL AS account, created_at, updated_at
FROM payees WHERE removed_at IS NULL ORDER BY id LIMIT %s
