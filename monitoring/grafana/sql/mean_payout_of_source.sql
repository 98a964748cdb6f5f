-- Mean payout of a source's conversions, by the quarter of an hour in which they were made. Columns: time, metric (currency), value.
SELECT date_bin('15 minutes', conversions.created_at, timestamptz 'epoch') AS "time",
       conversions.currency AS metric,
       avg(conversions.payout)::float8 AS value
FROM conversions
JOIN sources ON sources.id = conversions.source_id
WHERE sources.slug = ${source:sqlstring} AND conversions.payout IS NOT NULL AND $__timeFilter(conversions.created_at)
GROUP BY 1, 2
ORDER BY 1
