-- Writes conversions as the fold has left them, the changes that led there, and a row for each change in the outbox. Every
-- value is given, so that the statement counts nothing.
WITH changed AS (
    SELECT *
    FROM json_to_recordset(%(changes)s::json) AS change (
        dedup_key uuid, id uuid, source_id integer, kind text, received_at timestamptz, status_before text,
        status_after text, revision integer, changed_at timestamptz, reverses uuid, transaction_id text,
        source_status text, payout numeric, payout_before numeric, currency_before text, delta numeric, currency text,
        event_time timestamptz
    )
),

recorded AS (
    INSERT INTO conversion_events (
        dedup_key, id, source_id, kind, received_at, status_before, status_after, revision, reverses, transaction_id,
        source_status, payout, payout_before, currency_before, delta, currency, event_time
    )
    SELECT
        dedup_key, id, source_id, kind, received_at, status_before, status_after, revision, reverses, transaction_id,
        source_status, payout, payout_before, currency_before, delta, currency, event_time
    FROM changed
),

handed_over AS (
    INSERT INTO outbox (received_at, dedup_key, receipt, revision, kind)
    SELECT
        changed_at, dedup_key, id, revision,
        CASE kind
            WHEN 'status' THEN 'updated'
            WHEN 'correction' THEN 'corrected'
            WHEN 'refund' THEN 'refunded'
            WHEN 'reversal' THEN 'reversed'
        END
    FROM changed
)

UPDATE conversions
SET status = folded.status, source_status = folded.source_status, payout = folded.payout,
    currency = folded.currency, event_time = folded.event_time, unsigned = folded.unsigned,
    revision = folded.revision, updated_at = folded.updated_at
FROM json_to_recordset(%(conversions)s::json) AS folded (
    dedup_key uuid, status text, revision integer, updated_at timestamptz, source_status text, payout numeric,
    currency text, event_time timestamptz, unsigned text []
)
WHERE conversions.dedup_key = folded.dedup_key
