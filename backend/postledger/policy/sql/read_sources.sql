-- The sources in force, or the retired ones, as configuration.
SELECT id, slug, name, settings FROM sources WHERE (removed_at IS NULL) = %s ORDER BY slug
