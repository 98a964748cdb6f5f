-- The targets of exports in force, or the retired ones, as configuration.
SELECT slug, settings FROM export_targets WHERE (removed_at IS NULL) = %s ORDER BY slug
