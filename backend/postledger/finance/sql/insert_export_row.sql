-- Queues a bill for a target. Another worker may have done it at the same time.
INSERT INTO exports (bill_id, target, state, attempts, due_at, content_sha256, created_at, updated_at)
VALUES (%s, %s, 'waiting', 0, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
