-- Adds a token by its digest.
INSERT INTO tokens (id, user_id, token_sha256, scopes, created_at, expires_at) VALUES (%s, %s, %s, %s, %s, %s)
