-- Asks the worker for the lines of conversions. `receipt` names the task.
INSERT INTO outbox (received_at, dedup_key, receipt, revision, kind)
SELECT %(now)s, dedup_key, %(receipt)s::uuid, coalesce(revision, 1), 'backfilled'
FROM conversions
WHERE dedup_key = ANY(%(dedup_keys)s::uuid [])
