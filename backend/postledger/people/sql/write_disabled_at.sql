-- Disables a user, or enables one again (NULL).
UPDATE users SET disabled_at = %s WHERE id = %s
