-- Stores a secret of [notify].
INSERT INTO notify_secrets (name, position, ciphertext, created_at) VALUES (%s, %s, %s, %s)
