-- What another user has already: the login in any case, or the user of the operating system.
SELECT login, lower(login) = lower(%(login)s) FROM users
WHERE lower(login) = lower(%(login)s) OR os_user = %(os_user)s
