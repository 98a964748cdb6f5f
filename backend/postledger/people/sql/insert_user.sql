-- Adds a user.
INSERT INTO users (login, name, roles, email, os_user, payee, created_at)
VALUES (%(login)s, %(name)s, %(roles)s, %(email)s, %(os_user)s, %(payee)s, %(now)s)
