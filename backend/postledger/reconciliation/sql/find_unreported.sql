-- Conversions that the network does not pay for in this month.
INSERT INTO found_items (key, class, dedup_key, stake, currency, facts)
SELECT
    sha256(%(prefix)s::bytea || convert_to(dedup_key::text, 'UTF8')),
    class,
    dedup_key,
    worth,
    coalesce(currency, 'XXX'), -- ISO 4217: no currency, because the payout is not known
    jsonb_strip_nulls(jsonb_build_object(
        'transaction_id', transaction_id,
        'event', event,
        'happened_at', to_char(happened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'ledger', jsonb_build_object('amount', trim_scale(payout)::text, 'currency', currency, 'status', status),
        'reported_in', to_char(paid_in, 'YYYY-MM')
    ))
FROM judged_conversions
WHERE class IN ('missing_at_network', 'other_period')
