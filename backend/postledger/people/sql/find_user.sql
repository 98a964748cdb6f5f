-- One user by login, in any case of letters.
SELECT id, login, name, roles, email, os_user, payee, created_at, disabled_at FROM users WHERE lower(login) = lower(%s)
