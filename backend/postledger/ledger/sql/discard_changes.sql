-- Removes the oldest changes from the outbox, without reading their conversions.
WITH discarded AS (
    DELETE FROM outbox
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM outbox
        ORDER BY received_at, dedup_key, receipt
        LIMIT %s
    ))
    RETURNING received_at, dedup_key, receipt, kind, revision
)

SELECT received_at, receipt::text, kind, revision
FROM discarded
ORDER BY received_at, dedup_key, revision
