-- Writes the settings of the books. The start stays as it is; the first settings set it.
INSERT INTO finance (settings, since, rules_version, updated_at)
VALUES (%(settings)s, %(now)s, 0, %(now)s)
ON CONFLICT (only_row) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at
