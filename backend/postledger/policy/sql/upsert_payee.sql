-- Puts a payee into force: creates it, changes it, or revives it. Its bank account stays as it is.
INSERT INTO payees (id, name, currency, tax_code, erp_reference, min_bill, created_at, updated_at)
SELECT id, name, currency, tax_code, erp_reference, min_bill, at, at
FROM (VALUES (%s::text, %s::text, %s::text, %s::text, %s::text, %s::numeric, %s::timestamptz))
    AS payee (id, name, currency, tax_code, erp_reference, min_bill, at)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, currency = excluded.currency, tax_code = excluded.tax_code,
    erp_reference = excluded.erp_reference, min_bill = excluded.min_bill, updated_at = excluded.updated_at,
    removed_at = NULL
