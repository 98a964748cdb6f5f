-- Gives a secret that stays its new position.
UPDATE source_secrets SET position = %s WHERE id = %s
