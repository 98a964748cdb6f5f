-- Puts a source into force: creates it, changes it, or revives it with its history.
INSERT INTO sources (slug, name, settings, created_at, updated_at)
SELECT slug, name, settings, at, at
FROM (VALUES (%s::text, %s::text, %s::jsonb, %s::timestamptz)) AS source (slug, name, settings, at)
ON CONFLICT (slug) DO UPDATE
SET name = excluded.name, settings = excluded.settings, updated_at = excluded.updated_at, removed_at = NULL
RETURNING id
