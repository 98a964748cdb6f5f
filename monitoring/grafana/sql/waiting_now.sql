-- How many conversions wait for approval, whenever they were made. Columns: time, metric, value.
SELECT now() AS "time", 'waiting'::text AS metric, count(*) AS value
FROM conversions
WHERE status = 'pending'
