-- The changes of some conversions: of status, corrections, refunds and reversals, oldest first.
SELECT
    id::text, dedup_key::text, kind, revision, status_before, status_after, reverses::text, transaction_id,
    source_status, payout, payout_before, delta, currency, currency_before, event_time, received_at
FROM conversion_events
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[])
ORDER BY received_at, revision, id
LIMIT %(limit)s
