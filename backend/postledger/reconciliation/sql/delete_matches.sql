-- Deletes the matches of a statement that is taken out.
DELETE FROM matches WHERE statement_id = %s
