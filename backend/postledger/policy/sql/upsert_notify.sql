-- Writes how people are told.
INSERT INTO notify (settings, updated_at) VALUES (%s, %s)
ON CONFLICT (only_row) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at
