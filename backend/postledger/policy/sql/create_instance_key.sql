-- Stores a new key, unless another process was first.
INSERT INTO instance_keys (name, ciphertext, created_at) VALUES (%s, %s, %s) ON CONFLICT (name) DO NOTHING
