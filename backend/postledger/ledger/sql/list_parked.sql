-- Reversals that wait for an operator, the oldest first, with the replay that has brought them.
SELECT
    parked.id::text, parked.received_at, sources.slug AS source, parked.conversion_id::text, conversions.event,
    coalesce(parked.transaction_id, conversions.transaction_id) AS transaction_id, conversions.click_id,
    conversions.status, conversions.payout AS booked, parked.payout, parked.currency, parked.source_status,
    parked.event_time, parked.unsigned, parked.dedup_key::text, parked.source_id, parked.transaction_id AS refund_id,
    replayed.replay::text
FROM parked_reversals AS parked
JOIN conversions ON conversions.dedup_key = parked.dedup_key
LEFT JOIN sources ON sources.id = parked.source_id
LEFT JOIN replayed_postbacks AS replayed ON replayed.receipt = parked.id
WHERE
    parked.settled_at IS NULL
    AND (%(source)s::text IS NULL OR sources.slug = %(source)s)
    AND (%(replay)s::uuid IS NULL OR replayed.replay = %(replay)s::uuid)
    AND (%(receipts)s::uuid[] IS NULL OR parked.id = ANY(%(receipts)s::uuid[]))
ORDER BY parked.received_at, parked.id
LIMIT %(limit)s::bigint
