-- Deletes the idempotency keys that are too old to be repeated.
DELETE FROM idempotency_keys WHERE created_at < %s
