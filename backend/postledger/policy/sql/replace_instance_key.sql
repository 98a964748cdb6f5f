-- Stores a key under another master key.
UPDATE instance_keys SET ciphertext = %s WHERE name = %s
