-- One user by id.
SELECT id, login, name, roles, email, os_user, payee, created_at, disabled_at FROM users WHERE id = %s
