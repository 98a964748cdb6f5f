-- Keeps the answer to what was asked with an idempotency key.
UPDATE idempotency_keys SET answer = %(answer)s WHERE user_id = %(user_id)s AND key = %(key)s
