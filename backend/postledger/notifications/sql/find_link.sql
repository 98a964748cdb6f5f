-- What a token opens, by its digest, and whether it still does.
SELECT approval_id, user_id, content_sha256, expires_at, used_at FROM decision_links WHERE token_sha256 = %s
