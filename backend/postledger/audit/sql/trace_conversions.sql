-- The conversions that an id can mean: by the receipt that opened one, its transaction id, its click id, or the
-- transaction id of one of its refunds, booked or parked. The refunds are looked up first, as an array, so that all
-- parts use indexes.
SELECT
    conversions.id::text, dedup_key::text, sources.slug AS source, event, transaction_id, click_id,
    campaigns.slug AS campaign, affiliate_id, status, source_status, payout, currency, event_time, unsigned,
    conflicted_at, click_shed, coalesce(conversions.revision, 1) AS revision, conversions.created_at,
    conversions.updated_at
FROM conversions
LEFT JOIN sources ON sources.id = source_id
LEFT JOIN campaigns ON campaigns.id = campaign_id
WHERE
    conversions.id = ANY(%(receipts)s::uuid[])
    OR transaction_id = ANY(%(transaction_ids)s::text[])
    OR click_id = ANY(%(click_ids)s::text[])
    OR dedup_key = ANY(ARRAY(
        SELECT dedup_key FROM conversion_events WHERE transaction_id = ANY(%(transaction_ids)s::text[])
        UNION ALL
        SELECT dedup_key FROM parked_reversals WHERE transaction_id = ANY(%(transaction_ids)s::text[])
    ))
ORDER BY conversions.created_at, conversions.id
LIMIT %(limit)s
