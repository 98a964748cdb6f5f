-- The campaigns in force.
SELECT slug, id FROM campaigns WHERE removed_at IS NULL
