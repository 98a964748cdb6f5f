-- Stores a secret of a target of exports under another master key.
UPDATE export_secrets SET ciphertext = %s WHERE slug = %s AND name = %s
