-- Takes a payee out of force.
UPDATE payees SET removed_at = %s WHERE id = %s AND removed_at IS NULL
