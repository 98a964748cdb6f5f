-- Conversions, newest first. A receipt begins with its time, therefore the index on id gives this order and skips what
-- is outside the bounds. The bounds are a day wider than asked, because clocks differ. The self-test
-- is listed only if its source is asked for.
SELECT
    conversions.id::text, conversions.created_at, conversions.updated_at, sources.slug AS source, event,
    transaction_id, click_id, campaigns.slug AS campaign, affiliate_id, status, source_status, payout, currency,
    subs, event_time, unsigned, click_shed, conflicted_at, dedup_key::text
FROM conversions
LEFT JOIN sources ON sources.id = source_id
LEFT JOIN campaigns ON campaigns.id = campaign_id
WHERE
    (sources.slug = %(source)s::text OR (%(source)s IS NULL AND sources.slug IS DISTINCT FROM %(selftest)s::text))
    AND (%(status)s::text IS NULL OR status = %(status)s)
    AND (%(campaign)s::text IS NULL OR campaigns.slug = %(campaign)s)
    AND (%(event)s::text IS NULL OR event = %(event)s)
    AND (%(affiliate)s::text IS NULL OR affiliate_id = %(affiliate)s)
    AND (%(currency)s::text IS NULL OR currency = %(currency)s)
    AND (%(updated_since)s::timestamptz IS NULL OR conversions.updated_at >= %(updated_since)s)
    AND (%(since)s::timestamptz IS NULL OR conversions.created_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR conversions.created_at < %(until)s)
    AND (%(first_id)s::uuid IS NULL OR conversions.id >= %(first_id)s::uuid)
    AND (%(last_id)s::uuid IS NULL OR conversions.id <= %(last_id)s::uuid)
ORDER BY conversions.id DESC
LIMIT %(limit)s::bigint
