-- The changes of some conversions that no worker has taken. The key of the outbox begins with the time of receipt, which
-- the trace knows from the postbacks, conversions and changes that it has found.
SELECT receipt::text, dedup_key::text, received_at, kind, revision
FROM outbox
WHERE received_at = ANY(%(times)s::timestamptz[]) AND dedup_key = ANY(%(dedup_keys)s::uuid[])
ORDER BY received_at, revision
LIMIT %(limit)s
