-- The changes of some conversions that no worker has taken, or that were set aside, with the fault. The key of both tables
-- begins with the time of receipt, which the trace knows from the postbacks, conversions and changes that it has found.
SELECT receipt::text, dedup_key::text, received_at, kind, revision, fault
FROM (
    SELECT receipt, dedup_key, received_at, kind, revision, NULL AS fault
    FROM outbox
    WHERE received_at = ANY(%(times)s::timestamptz[]) AND dedup_key = ANY(%(dedup_keys)s::uuid[])
    UNION ALL
    SELECT receipt, dedup_key, received_at, kind, revision, fault
    FROM set_aside_changes
    WHERE received_at = ANY(%(times)s::timestamptz[]) AND dedup_key = ANY(%(dedup_keys)s::uuid[])
) AS waiting
ORDER BY received_at, revision
LIMIT %(limit)s
