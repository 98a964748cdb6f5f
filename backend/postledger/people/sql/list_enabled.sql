-- The users who may act, by login.
SELECT id, login, name, roles, email, os_user, payee, created_at, disabled_at
FROM users WHERE disabled_at IS NULL ORDER BY login
