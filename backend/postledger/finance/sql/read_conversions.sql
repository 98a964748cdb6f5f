-- Conversions as they stand, for their lines.
SELECT
    conversions.dedup_key::text, conversions.id::text, conversions.source_id, conversions.campaign_id,
    coalesce(conversions.revision, 1), conversions.status, conversions.payout, conversions.currency,
    coalesce(conversions.event_time, conversions.created_at),
    coalesce(sources.slug, ''), conversions.event, campaigns.slug, conversions.affiliate_id
FROM conversions
LEFT JOIN sources ON sources.id = conversions.source_id
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
WHERE conversions.dedup_key = ANY(%s::uuid [])
