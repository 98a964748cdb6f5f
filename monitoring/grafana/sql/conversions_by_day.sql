-- Conversions by the day (UTC) in which they were made and by the status in which they stand. A day that began before
-- the time range is shown at its beginning. Columns: time, metric, value.
SELECT greatest(date_bin('1 day', created_at, timestamptz 'epoch'), $__timeFrom()) AS "time",
       status AS metric,
       count(*) AS value
FROM conversions
WHERE $__timeFilter(created_at)
    AND source_id IS DISTINCT FROM (SELECT id FROM sources WHERE slug = 'postledger-selftest')
GROUP BY 1, 2
ORDER BY 1
