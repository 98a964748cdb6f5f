-- Adds expense lines. One that is there already must fail: to skip it would lose money, because the change that asked for
-- it is deleted by the same transaction.
INSERT INTO expense_lines (
    dedup_key, seq, id, conversion_id, cause, revision, kind, adjusts, direction, source_id, campaign_id, affiliate_id,
    event, conversion_status, payee, category, account, tax_code, rule_version, rule, unmapped, amount, currency,
    base_amount, base_currency, rate, rate_on, origin_period, period, billable_from, happened_at, created_at
)
SELECT
    dedup_key, seq, id, conversion_id, cause, revision, kind, adjusts, direction, source_id, campaign_id, affiliate_id,
    event, conversion_status, payee, category, account, tax_code, rule_version, rule, unmapped, amount, currency,
    base_amount, base_currency, rate, rate_on, origin_period, period, billable_from, happened_at, created_at
FROM json_to_recordset(%s::json) AS line (
    dedup_key uuid, seq integer, id uuid, conversion_id uuid, cause uuid, revision integer, kind text, adjusts integer,
    direction text, source_id integer, campaign_id integer, affiliate_id text, event text, conversion_status text,
    payee text, category text, account text, tax_code text, rule_version integer, rule text, unmapped text,
    amount numeric, currency text, base_amount numeric, base_currency text, rate numeric, rate_on date,
    origin_period date, period date, billable_from date, happened_at timestamptz, created_at timestamptz
)
