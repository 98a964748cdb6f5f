-- The change that is taken next.
SELECT received_at, dedup_key::text, receipt::text, revision, kind
FROM outbox
ORDER BY received_at, dedup_key, receipt
LIMIT 1
