-- Moves changes back into the outbox, to their old places. Without receipts: all of them.
WITH taken AS (
    DELETE FROM set_aside_changes
    WHERE %(receipts)s::uuid[] IS NULL OR receipt = ANY(%(receipts)s::uuid[])
    RETURNING received_at, dedup_key, receipt, revision, kind
)

INSERT INTO outbox (received_at, dedup_key, receipt, revision, kind)
SELECT received_at, dedup_key, receipt, revision, kind
FROM taken
RETURNING receipt::text
