-- Marks the rows that share a key with an affected row: what became of it may decide what becomes of them. The caller
-- repeats the statement until it marks none.
WITH touched AS (
    SELECT DISTINCT dedup_key FROM pg_temp.what_if_keys WHERE is_affected
),

reached AS (
    SELECT DISTINCT keys.id
    FROM pg_temp.what_if_keys AS keys
    INNER JOIN touched ON touched.dedup_key = keys.dedup_key
    WHERE NOT keys.is_affected
)

UPDATE pg_temp.what_if_keys AS keys
SET is_affected = true
FROM reached
WHERE keys.id = reached.id AND NOT keys.is_affected
