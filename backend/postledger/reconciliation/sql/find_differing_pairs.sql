-- Conversions and lines that were found for each other, and differ.
INSERT INTO found_items (key, class, dedup_key, statement_id, line_no, stake, currency, facts)
SELECT
    sha256(%(prefix)s::bytea || convert_to(dedup_key::text, 'UTF8')),
    class,
    dedup_key,
    %(statement_id)s,
    line_no,
    stake,
    coalesce(ledger_currency, network_currency),
    jsonb_strip_nulls(jsonb_build_object(
        'transaction_id', transaction_id,
        'event', event,
        'happened_at', to_char(happened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'ledger', jsonb_build_object(
            'amount', trim_scale(payout)::text, 'currency', ledger_currency, 'status', ledger_status
        ),
        'network', jsonb_build_object(
            'amount', trim_scale(network)::text, 'currency', network_currency, 'status', network_status, 'lines', lines
        ),
        'paid_earlier', CASE WHEN has_earlier THEN trim_scale(paid - network)::text END
    ))
FROM verdicts
WHERE class NOT IN ('matched', 'earlier_period')
