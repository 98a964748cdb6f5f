-- Conversions since the start of the books without any line, if their status may carry money. Changes that wait for the
-- worker are not counted yet.
SELECT
    conversions.dedup_key::text, conversions.id::text, conversions.source_id, conversions.campaign_id,
    coalesce(conversions.revision, 1), conversions.status, conversions.payout, conversions.currency,
    coalesce(conversions.event_time, conversions.created_at),
    sources.slug, conversions.event, campaigns.slug, conversions.affiliate_id, conversions.updated_at
FROM conversions
JOIN sources ON sources.id = conversions.source_id
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
WHERE
    conversions.created_at >= %(since)s
    AND conversions.status = ANY(%(statuses)s)
    AND sources.slug <> %(selftest)s::text
    AND NOT EXISTS (SELECT FROM expense_lines WHERE expense_lines.dedup_key = conversions.dedup_key)
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox.dedup_key = conversions.dedup_key)
