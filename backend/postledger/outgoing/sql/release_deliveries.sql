-- Gives back deliveries of a forward that were leased and not sent.
UPDATE deliveries
SET leased_until = NULL
FROM unnest(%(dedup_keys)s::uuid [], %(receipts)s::uuid [], %(attempts)s::integer []) AS unsent (
    dedup_key, receipt, attempts
)
WHERE
    deliveries.dedup_key = unsent.dedup_key AND deliveries.forward = %(forward)s
    AND deliveries.receipt = unsent.receipt AND deliveries.settled_at IS NULL AND deliveries.attempts = unsent.attempts
