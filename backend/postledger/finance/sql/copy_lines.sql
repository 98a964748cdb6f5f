-- Adds expense lines, for half of what INSERT costs. One that is there already fails, and must: to skip it would lose
-- money, because the change that asked for it is deleted by the same transaction.
COPY expense_lines (
    dedup_key, seq, id, conversion_id, cause, revision, kind, adjusts, direction, source_id, campaign_id, affiliate_id,
    event, conversion_status, payee, category, account, tax_code, rule_version, rule, unmapped, amount, currency,
    base_amount, base_currency, rate, rate_on, origin_period, period, billable_from, approved_by_rule,
    happened_at, created_at
) FROM STDIN
