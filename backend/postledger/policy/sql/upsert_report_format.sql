-- Puts a report format into force: creates it, changes it, or revives it.
INSERT INTO report_formats (slug, settings, created_at, updated_at)
SELECT slug, settings, at, at
FROM (VALUES (%s::text, %s::jsonb, %s::timestamptz)) AS report_format (slug, settings, at)
ON CONFLICT (slug) DO UPDATE
SET settings = excluded.settings, updated_at = excluded.updated_at, removed_at = NULL
