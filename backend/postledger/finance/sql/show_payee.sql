-- One payee, in force or retired.
SELECT
    id, name, currency, min_bill, tax_code, erp_reference, bank_account, created_at, updated_at,
    removed_at AS retired_at
FROM payees WHERE id = %s
