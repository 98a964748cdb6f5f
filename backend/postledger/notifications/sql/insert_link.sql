-- Adds a link by the digest of its token.
INSERT INTO decision_links (token_sha256, approval_id, user_id, content_sha256, created_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s)
