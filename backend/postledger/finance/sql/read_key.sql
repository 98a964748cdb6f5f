-- What was asked with an idempotency key of a user, and what was answered.
SELECT request_sha256, answer FROM idempotency_keys WHERE user_id = %(user_id)s AND key = %(key)s
