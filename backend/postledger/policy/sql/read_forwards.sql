-- The forwards in force, or the retired ones, as configuration.
SELECT slug, settings FROM forwards WHERE (removed_at IS NULL) = %s ORDER BY slug
