-- Stores a new token, as its digest.
INSERT INTO partner_tokens (token_sha256, source_id, created_by, created_at) VALUES (%s, %s, %s, %s)
