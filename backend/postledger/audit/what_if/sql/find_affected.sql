-- Which of some rows are affected.
SELECT DISTINCT id::text FROM pg_temp.what_if_keys WHERE is_affected AND id = ANY(%s::uuid[])
