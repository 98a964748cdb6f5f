-- Moves changes back into the outbox, to their old places. Without receipts: all of them. One that was published can be set
-- aside again while it still waits in the outbox, so it may be there already.
WITH taken AS (
    DELETE FROM set_aside_changes
    WHERE %(receipts)s::uuid[] IS NULL OR receipt = ANY(%(receipts)s::uuid[])
    RETURNING received_at, dedup_key, receipt, revision, kind
),

waiting AS (
    INSERT INTO outbox (received_at, dedup_key, receipt, revision, kind)
    SELECT received_at, dedup_key, receipt, revision, kind
    FROM taken
    ON CONFLICT (received_at, dedup_key, receipt) DO NOTHING
)

SELECT receipt::text
FROM taken
