-- Deletes the lines of a statement.
DELETE FROM statement_lines WHERE statement_id = %s
