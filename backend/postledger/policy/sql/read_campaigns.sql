-- The campaigns in force, or the retired ones, as configuration.
SELECT slug, name, destination, click_rate, click_burst FROM campaigns WHERE (removed_at IS NULL) = %s ORDER BY slug
