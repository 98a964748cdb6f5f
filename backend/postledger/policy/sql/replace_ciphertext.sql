-- Stores a secret under another master key.
UPDATE source_secrets SET ciphertext = %s WHERE id = %s
