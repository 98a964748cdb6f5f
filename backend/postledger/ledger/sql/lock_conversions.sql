-- The known conversions that a batch repeats, locked in the order of their keys until the batch commits.
SELECT dedup_key::text, id::text, campaign_id, status, payout, currency, event_time, source_status, unsigned
FROM conversions
WHERE dedup_key = ANY(%s::uuid[])
ORDER BY dedup_key
FOR UPDATE
