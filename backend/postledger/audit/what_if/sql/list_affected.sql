-- The affected rows, at most so many.
SELECT DISTINCT id::text FROM pg_temp.what_if_keys WHERE is_affected LIMIT %s
