-- How many conversions a postback of this time has contradicted. Columns: time, metric, value.
SELECT now() AS "time", 'contradicted'::text AS metric, count(*) AS value
FROM conversions
WHERE $__timeFilter(conflicted_at)
