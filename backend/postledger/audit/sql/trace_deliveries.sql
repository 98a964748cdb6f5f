-- The deliveries of some conversions to forwards, in the order of the changes that they carry. `behind` is the earlier
-- change that one waits for.
SELECT
    receipt::text, dedup_key::text, forward, revision, is_backfill, state, attempts AS attempted, due_at, created_at,
    settled_at,
    CASE WHEN settled_at IS NULL THEN (
        SELECT min(earlier.revision) FROM deliveries AS earlier
        WHERE
            earlier.dedup_key = deliveries.dedup_key AND earlier.forward = deliveries.forward
            AND earlier.settled_at IS NULL AND earlier.revision < deliveries.revision
    ) END AS behind
FROM deliveries
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[])
ORDER BY dedup_key, revision, created_at, forward
LIMIT %(limit)s
