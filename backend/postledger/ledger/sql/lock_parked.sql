-- Locks reversals, so that two operators cannot settle the same one; returns those that still wait.
SELECT id::text
FROM parked_reversals
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[]) AND id = ANY(%(receipts)s::uuid[]) AND settled_at IS NULL
ORDER BY dedup_key, id
FOR UPDATE
