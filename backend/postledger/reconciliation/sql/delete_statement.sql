-- Deletes a statement.
DELETE FROM statements WHERE id = %s
