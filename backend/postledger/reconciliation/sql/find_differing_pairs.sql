-- Conversions and lines that were found for each other, and differ.
INSERT INTO found_items (key, class, dedup_key, statement_id, line_no, stake, currency, facts)
SELECT
    sha256(%(prefix)s::bytea || convert_to(verdicts.dedup_key::text, 'UTF8')),
    verdicts.class,
    verdicts.dedup_key,
    %(statement_id)s,
    line_no,
    stake,
    coalesce(ledger_currency, network_currency),
    jsonb_strip_nulls(jsonb_build_object(
        'transaction_id', conversion.transaction_id,
        'event', conversion.event,
        'happened_at', to_char(conversion.happened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'ledger', jsonb_build_object(
            'amount', trim_scale(conversion.payout)::text, 'currency', ledger_currency, 'status', conversion.status
        ),
        'network', jsonb_build_object(
            'amount', trim_scale(network)::text, 'currency', network_currency, 'status', network_status, 'lines', lines
        ),
        'paid_earlier', CASE WHEN has_earlier THEN trim_scale(paid - network)::text END
    ))
FROM verdicts
JOIN ledger_side AS conversion ON conversion.dedup_key = verdicts.dedup_key
WHERE verdicts.class NOT IN ('matched', 'earlier_period')
