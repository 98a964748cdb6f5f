-- Stores a secret of [notify] under another master key.
UPDATE notify_secrets SET ciphertext = %s WHERE name = %s AND position = %s
