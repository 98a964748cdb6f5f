-- Mean payout by campaign and currency, by the hour in which conversions were made. Columns: time, metric, value.
SELECT date_trunc('hour', conversions.created_at) AS "time",
       coalesce(campaigns.slug, 'unknown') || ' ' || coalesce(conversions.currency, '?') AS metric,
       avg(conversions.payout)::float8 AS value
FROM conversions
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
WHERE conversions.payout IS NOT NULL AND $__timeFilter(conversions.created_at)
GROUP BY 1, 2
ORDER BY 1
