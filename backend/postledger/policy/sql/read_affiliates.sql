-- The affiliates in force, or the retired ones, as configuration.
SELECT id, name FROM affiliates WHERE (removed_at IS NULL) = %s ORDER BY id
