-- Reversals that wait for an operator's decision. A postback that names no amount takes all back: then it is what is booked,
-- which conversions of their own would have to be joined for, so those are counted and not summed.
SELECT sources.slug AS source,
       parked_reversals.currency AS currency,
       count(*) AS reversals,
       sum(abs(parked_reversals.payout))::float8 AS "payout named",
       extract(epoch FROM now() - min(parked_reversals.received_at))::float8 AS "the oldest"
FROM parked_reversals
LEFT JOIN sources ON sources.id = parked_reversals.source_id
WHERE parked_reversals.settled_at IS NULL
GROUP BY sources.slug, parked_reversals.currency
ORDER BY "the oldest" DESC
LIMIT 100
