-- The sources in force, with the text of their settings: the backend compares it to see what changed.
SELECT id, slug, settings::text FROM sources WHERE removed_at IS NULL
