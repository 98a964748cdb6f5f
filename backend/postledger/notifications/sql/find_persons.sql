-- The enabled users who can be told by mail.
SELECT id, login, name, roles, email, os_user, payee, created_at, disabled_at
FROM users
WHERE disabled_at IS NULL AND email IS NOT NULL
ORDER BY login
