-- The id of a source in force.
SELECT id FROM sources WHERE slug = %s AND removed_at IS NULL
