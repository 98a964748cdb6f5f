-- What changed the worth of some conversions before.
SELECT dedup_key::text, kind, transaction_id, payout, payout_before, event_time
FROM conversion_events
WHERE dedup_key = ANY(%s::uuid[])
