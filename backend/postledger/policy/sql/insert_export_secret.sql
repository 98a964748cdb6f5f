-- Stores a secret of a target of exports.
INSERT INTO export_secrets (slug, name, ciphertext, created_at) VALUES (%s, %s, %s, %s)
