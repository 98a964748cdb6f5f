-- Replaces the hash of a user's password.
UPDATE users SET password = %s WHERE id = %s
