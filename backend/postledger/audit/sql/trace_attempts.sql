-- The attempts to deliver the changes of some conversions, oldest first.
SELECT receipt::text, dedup_key::text, forward, attempt, at, took_ms, http_status, fault
FROM delivery_attempts
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[])
ORDER BY at, attempt
LIMIT %(limit)s
