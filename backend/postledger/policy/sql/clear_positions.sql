-- Moves the secrets of a source to positions below zero. A position is unique, therefore it must be free before another
-- secret can take it.
UPDATE source_secrets SET position = -1 - position WHERE source_id = %s
