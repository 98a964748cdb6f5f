-- The expense lines of some conversions, in the order in which they were written.
SELECT
    id::text, dedup_key::text, seq, created_at, cause::text, revision, kind, adjusts, direction, conversion_status,
    payee, category, account, tax_code, rule, rule_version, unmapped, amount, currency, base_amount, base_currency,
    rate, rate_on, period, origin_period, billable_from,
    approved_by_rule
FROM expense_lines
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[])
ORDER BY dedup_key, seq
LIMIT %(limit)s
