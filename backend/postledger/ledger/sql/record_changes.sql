-- Records the events that changed what a conversion is worth.
INSERT INTO conversion_events (
    dedup_key, id, source_id, kind, reverses, transaction_id, source_status, payout, payout_before, delta, currency,
    event_time, received_at
)
SELECT
    dedup_key, id, source_id, kind, reverses, transaction_id, source_status, payout, payout_before, delta, currency,
    event_time, received_at
FROM json_to_recordset(%s::json) AS changed (
    dedup_key uuid, id uuid, source_id integer, kind text, reverses uuid, transaction_id text, source_status text,
    payout numeric, payout_before numeric, delta numeric, currency text, event_time timestamptz, received_at timestamptz
)
ON CONFLICT (dedup_key, id) DO NOTHING -- the rows of a batch that is written again, because its commit went unanswered
