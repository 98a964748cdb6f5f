-- Takes an idempotency key of a user. A session that decides with the same key is waited for.
INSERT INTO idempotency_keys (user_id, key, request_sha256, created_at)
VALUES (%(user_id)s, %(key)s, %(request)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING true
