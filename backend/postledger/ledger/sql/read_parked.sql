-- The reversals of some conversions that wait for an operator, and those that an operator has discarded.
SELECT id::text, dedup_key::text, transaction_id, payout, event_time
FROM parked_reversals
WHERE dedup_key = ANY(%s::uuid[]) AND (settled_at IS NULL OR outcome = 'discarded')
