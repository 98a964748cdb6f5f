-- Stores a new secret of a source.
INSERT INTO source_secrets (source_id, position, ciphertext, created_at) VALUES (%s, %s, %s, %s)
