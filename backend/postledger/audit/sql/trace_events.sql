-- The changes of the amounts of some conversions: corrections, refunds and reversals, oldest first.
SELECT
    id::text, dedup_key::text, kind, reverses::text, transaction_id, source_status, payout, payout_before, delta,
    currency, event_time, received_at
FROM conversion_events
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[])
ORDER BY received_at, id
LIMIT %(limit)s
