-- How many reversals wait for an operator's decision. Columns: time, metric, value.
SELECT now() AS "time", 'parked'::text AS metric, count(*) AS value
FROM parked_reversals
WHERE settled_at IS NULL
