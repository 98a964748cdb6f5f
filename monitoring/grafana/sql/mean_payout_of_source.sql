-- Mean payout of a source's conversions, by the hour in which they were made. Columns: time, metric (currency), value.
SELECT date_trunc('hour', conversions.created_at) AS "time",
       conversions.currency AS metric,
       avg(conversions.payout)::float8 AS value
FROM conversions
JOIN sources ON sources.id = conversions.source_id
WHERE sources.slug = ${source:sqlstring} AND conversions.payout IS NOT NULL AND $__timeFilter(conversions.created_at)
GROUP BY 1, 2
ORDER BY 1
