-- What stands as approved of the conversions that were made in each hour, 0 where there is none. By when they were made and
-- not by when they last changed: the one has an index (BRIN), so that no more is read than this time's, and for the other
-- the ledger would be read whole, at each refresh. The first hour whole, or it would look poor. Columns: time, metric
-- (currency), value (payout).
WITH brought AS (
    SELECT date_trunc('hour', created_at) AS hour, coalesce(currency, '?') AS metric, sum(payout)::float8 AS value
    FROM conversions
    WHERE status = 'approved' AND payout IS NOT NULL
        AND source_id IS DISTINCT FROM (SELECT id FROM sources WHERE slug = 'postledger-selftest')
        AND created_at >= date_trunc('hour', $__timeFrom()::timestamptz) AND created_at <= $__timeTo()
    GROUP BY 1, 2
)
SELECT greatest(hours.hour, $__timeFrom()) AS "time", metrics.metric, coalesce(brought.value, 0) AS value
FROM generate_series(date_trunc('hour', $__timeFrom()::timestamptz), $__timeTo(), interval '1 hour') AS hours (hour)
CROSS JOIN (SELECT DISTINCT metric FROM brought) AS metrics
LEFT JOIN brought ON brought.hour = hours.hour AND brought.metric = metrics.metric
ORDER BY 1
