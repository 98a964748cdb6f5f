-- Queues publications. A change that was queued before is left as it is. A change of a conversion whose earlier change was
-- refused waits with that one.
INSERT INTO publications (dedup_key, receipt, revision, kind, received_at, due_at)
SELECT
    queued.dedup_key, queued.receipt, queued.revision, queued.kind, queued.received_at,
    CASE WHEN queued.revision > 1 THEN (
        SELECT max(earlier.due_at)
        FROM publications AS earlier
        WHERE earlier.dedup_key = queued.dedup_key AND earlier.published_at IS NULL
    ) END
FROM json_to_recordset(%s::json) AS queued (
    dedup_key uuid, receipt uuid, revision integer, kind text, received_at timestamptz
)
ON CONFLICT (dedup_key, receipt) DO NOTHING
