-- Stores a secret of a forward.
INSERT INTO forward_secrets (slug, position, ciphertext, created_at) VALUES (%s, %s, %s, %s)
