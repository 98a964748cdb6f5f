-- Whether a target of exports is in force.
SELECT true FROM export_targets WHERE slug = %s AND removed_at IS NULL
