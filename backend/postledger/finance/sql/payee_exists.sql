-- Whether there is or was a payee with this id.
SELECT EXISTS (SELECT FROM payees WHERE id = %s)
