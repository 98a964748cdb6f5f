-- The reversals of some conversions that wait for an operator, and those that he will never book.
SELECT dedup_key::text, id::text, transaction_id, payout, event_time
FROM parked_reversals
WHERE dedup_key = ANY(%s::uuid[]) AND (settled_at IS NULL OR outcome = 'discarded')
