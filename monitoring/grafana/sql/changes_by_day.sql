-- By how much reversals, refunds and corrections changed what conversions are worth, by the day (UTC) on which they came.
-- A day that began before the time range is shown at its beginning. Columns: time, metric (kind and currency), value.
SELECT greatest(date_bin('1 day', received_at, timestamptz 'epoch'), $__timeFrom()) AS "time",
       kind || ' ' || coalesce(currency, '?') AS metric,
       sum(delta)::float8 AS value
FROM conversion_events
WHERE delta IS NOT NULL AND $__timeFilter(received_at)
GROUP BY 1, 2
ORDER BY 1
