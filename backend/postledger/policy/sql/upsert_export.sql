-- Puts a target of exports into force: creates it, changes it, or revives it.
INSERT INTO export_targets (slug, settings, created_at, updated_at)
SELECT slug, settings, at, at
FROM (VALUES (%s::text, %s::jsonb, %s::timestamptz)) AS target (slug, settings, at)
ON CONFLICT (slug) DO UPDATE
SET
    settings = excluded.settings,
    updated_at = excluded.updated_at,
    failures = 0,
    paused_until = NULL,
    removed_at = NULL
