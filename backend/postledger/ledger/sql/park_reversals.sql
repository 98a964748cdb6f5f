-- Parks reversals beyond the guard of their source, until an operator books or discards them.
INSERT INTO parked_reversals (
    dedup_key, id, conversion_id, source_id, transaction_id, source_status, payout, currency, event_time, unsigned,
    received_at
)
SELECT
    dedup_key, id, conversion_id, source_id, transaction_id, source_status, payout, currency, event_time, unsigned,
    received_at
FROM json_to_recordset(%s::json) AS parked (
    dedup_key uuid, id uuid, conversion_id uuid, source_id integer, transaction_id text, source_status text,
    payout numeric, currency text, event_time timestamptz, unsigned text [], received_at timestamptz
)
ON CONFLICT (dedup_key, id) DO NOTHING -- the rows of a batch that is written again, because its commit went unanswered
