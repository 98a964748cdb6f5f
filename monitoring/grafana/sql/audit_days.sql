-- The audit's days with their size. Names and sizes of tables are open to every role of the database.
SELECT to_date(right(relname, 8), 'YYYYMMDD')::text AS day,
       greatest(reltuples, 0)::bigint AS rows,
       pg_total_relation_size(pg_class.oid) AS bytes
FROM pg_inherits
JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'public.postbacks'::regclass
ORDER BY bytes DESC, day DESC
LIMIT 100
