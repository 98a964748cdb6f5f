-- The deliveries of some conversions to forwards, in the order of the changes that they carry.
SELECT
    receipt::text, dedup_key::text, forward, revision, is_backfill, state, attempts AS attempted, due_at, created_at,
    settled_at
FROM deliveries
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[])
ORDER BY dedup_key, revision, created_at, forward
LIMIT %(limit)s
