-- The sources in force, or the retired ones, as configuration. The source of the self-test is not configuration.
SELECT id, slug, name, settings FROM sources WHERE (removed_at IS NULL) = %s AND slug <> %s ORDER BY slug
