-- What stands as approved, by the hour in which it last changed. Columns: time, metric (currency), value (payout).
SELECT greatest(date_trunc('hour', updated_at), $__timeFrom()) AS "time",
       currency AS metric,
       sum(payout)::float8 AS value
FROM conversions
WHERE status = 'approved' AND payout IS NOT NULL AND $__timeFilter(updated_at)
GROUP BY 1, 2
ORDER BY 1
