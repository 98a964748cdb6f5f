-- The lines of conversions, in order.
SELECT
    dedup_key::text, seq, kind, adjusts, currency, amount, base_currency, rate, rate_on, base_amount, origin_period,
    period, happened_at,
    direction, rule, rule_version, payee, category, account, tax_code, billable_from, unmapped
FROM expense_lines
WHERE dedup_key = ANY(%s::uuid [])
ORDER BY dedup_key, seq
