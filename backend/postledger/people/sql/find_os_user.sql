-- The user that a user of the operating system is.
SELECT id, login, name, roles, email, os_user, payee, created_at, disabled_at FROM users WHERE os_user = %s
