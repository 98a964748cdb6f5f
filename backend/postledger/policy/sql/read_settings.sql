-- The settings of the sources in force, as they are stored.
SELECT slug, settings FROM sources WHERE removed_at IS NULL ORDER BY slug
