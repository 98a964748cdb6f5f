-- Queues deliveries. A change that was queued for the forward before is left as it is.
INSERT INTO deliveries (
    dedup_key, forward, receipt, revision, is_backfill, state, attempts, due_at, created_at
)
SELECT dedup_key, forward, receipt, revision, is_backfill, 'waiting', 0, due_at, %(now)s
FROM json_to_recordset(%(deliveries)s::json) AS queued (
    dedup_key uuid, forward text, receipt uuid, revision integer, is_backfill boolean, due_at timestamptz
)
ON CONFLICT (dedup_key, forward, receipt) DO NOTHING
