-- Conversions by the day (UTC) in which they were made and by the status in which they stand. Columns: time, metric, value.
SELECT date_bin('1 day', created_at, timestamptz 'epoch') AS "time",
       status AS metric,
       count(*) AS value
FROM conversions
WHERE $__timeFilter(created_at)
GROUP BY 1, 2
ORDER BY 1
