-- Stores a secret of a forward under another master key.
UPDATE forward_secrets SET ciphertext = %s WHERE slug = %s AND position = %s
