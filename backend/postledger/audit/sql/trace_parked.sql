-- The parked reversals of some conversions and how they were settled, oldest first.
SELECT
    id::text, dedup_key::text, transaction_id, source_status, payout, currency, event_time, received_at, settled_at,
    settled_by, outcome
FROM parked_reversals
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[])
ORDER BY received_at, id
LIMIT %(limit)s
