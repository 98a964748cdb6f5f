-- Opens the conversions of one batch and returns those that are new; the rest were known, from another batch or from this one.
-- Sorted by key, because two batches that meet the same keys in different orders would wait for each other for ever.
INSERT INTO conversions (
    dedup_key, id, source_id, event, transaction_id, click_id, campaign_id, affiliate_id,
    status, source_status, payout, currency, subs, event_time, created_at, updated_at
)
SELECT
    dedup_key, id, source_id, event, transaction_id, click_id, campaign_id, affiliate_id,
    status, source_status, payout, currency, subs, event_time, received_at, received_at
FROM json_to_recordset(%s::json) AS conversion (
    dedup_key uuid, id uuid, source_id integer, event text, transaction_id text, click_id text, campaign_id integer,
    affiliate_id text, status text, source_status text, payout numeric, currency text, subs jsonb,
    event_time timestamptz, received_at timestamptz
)
ORDER BY dedup_key
ON CONFLICT (dedup_key) DO NOTHING
RETURNING id::text
