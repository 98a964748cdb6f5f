-- Gives a user other roles.
UPDATE users SET roles = %s WHERE id = %s
