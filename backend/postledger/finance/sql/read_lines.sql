-- The lines of conversions, in order. The sub-query is a look-up by the key for each conversion: as a join, a plan that
-- Postgres made while the table was empty would read the whole table every time.
SELECT
    wanted.key::text, line.seq, line.kind, line.adjusts, line.currency, line.amount, line.base_currency, line.rate,
    line.rate_on, line.base_amount, line.origin_period, line.period, line.happened_at,
    line.direction, line.rule, line.rule_version, line.payee, line.category, line.account, line.tax_code,
    line.billable_from, line.unmapped
FROM unnest(%s::uuid []) AS wanted (key)
CROSS JOIN LATERAL (
    SELECT * FROM expense_lines
    WHERE expense_lines.dedup_key = wanted.key
    OFFSET 0
) AS line
ORDER BY wanted.key, line.seq
