-- Whether a forward is in force.
SELECT EXISTS (SELECT FROM forwards WHERE slug = %s AND removed_at IS NULL)
