-- By how much reversals, refunds and corrections changed what conversions are worth, by the day (UTC) on which they came, 0
-- where none came. A day that began before the time range is shown at its beginning. Columns: time, metric (kind and
-- currency), value.
WITH changed AS (
    SELECT date_bin('1 day', received_at, timestamptz 'epoch') AS day,
           kind || ' ' || coalesce(currency, '?') AS metric,
           sum(delta)::float8 AS value
    FROM conversion_events
    WHERE delta IS NOT NULL AND $__timeFilter(received_at)
    GROUP BY 1, 2
)
SELECT greatest(days.day, $__timeFrom()) AS "time", metrics.metric, coalesce(changed.value, 0) AS value
FROM generate_series(
    date_bin('1 day', $__timeFrom()::timestamptz, timestamptz 'epoch'), $__timeTo(), interval '1 day'
) AS days (day)
CROSS JOIN (SELECT DISTINCT metric FROM changed) AS metrics
LEFT JOIN changed ON changed.day = days.day AND changed.metric = metrics.metric
ORDER BY 1
