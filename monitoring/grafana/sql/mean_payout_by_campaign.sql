-- Mean payout by campaign and currency, by the quarter of an hour in which conversions were made. Columns: time, metric, value.
SELECT date_bin('15 minutes', conversions.created_at, timestamptz 'epoch') AS "time",
       coalesce(campaigns.slug, 'unknown') || ' ' || coalesce(conversions.currency, '?') AS metric,
       avg(conversions.payout)::float8 AS value
FROM conversions
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
WHERE conversions.payout IS NOT NULL AND $__timeFilter(conversions.created_at)
    AND source_id IS DISTINCT FROM (SELECT id FROM sources WHERE slug = 'postledger-selftest')
GROUP BY 1, 2
ORDER BY 1
