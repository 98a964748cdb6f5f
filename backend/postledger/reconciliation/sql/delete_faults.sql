-- Deletes the faults of a statement.
DELETE FROM statement_faults WHERE statement_id = %s
