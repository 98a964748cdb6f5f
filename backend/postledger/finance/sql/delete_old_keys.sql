-- Deletes the idempotency keys that nobody repeats any more.
DELETE FROM idempotency_keys WHERE created_at < %s
