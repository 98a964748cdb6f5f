-- The conversions that an id may mean: the receipt that opened one, its transaction id, or its click id.
SELECT
    conversions.id::text, dedup_key::text, sources.slug AS source, event, transaction_id, click_id,
    campaigns.slug AS campaign, affiliate_id, status, source_status, payout, currency, event_time, unsigned,
    conflicted_at, conversions.created_at, conversions.updated_at
FROM conversions
LEFT JOIN sources ON sources.id = source_id
LEFT JOIN campaigns ON campaigns.id = campaign_id
WHERE
    conversions.id = ANY(%(receipts)s::uuid[])
    OR transaction_id = ANY(%(transaction_ids)s::text[])
    OR click_id = ANY(%(click_ids)s::text[])
ORDER BY conversions.created_at, conversions.id
LIMIT %(limit)s
