-- Stores a retired secret under another master key.
UPDATE retired_secrets SET ciphertext = %s WHERE id = %s
