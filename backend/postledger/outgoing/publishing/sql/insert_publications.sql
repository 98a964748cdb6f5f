-- Queues publications. A change of a conversion whose earlier change was refused waits with that one. A change that was
-- published before is published again: a consumer could not map it, and an operator has put it back into the outbox.
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
ON CONFLICT (dedup_key, receipt) DO UPDATE SET published_at = NULL, due_at = excluded.due_at
WHERE publications.published_at IS NOT NULL
