-- The campaigns in force, or the retired ones, as configuration.
SELECT slug, name, destination FROM campaigns WHERE (removed_at IS NULL) = %s ORDER BY slug
