-- For how many seconds the oldest conversion has waited for approval; no row where none waits. Columns: time, metric, value.
SELECT now() AS "time", 'the oldest'::text AS metric, extract(epoch FROM now() - min(created_at))::float8 AS value
FROM conversions
WHERE status = 'pending'
HAVING count(*) > 0
