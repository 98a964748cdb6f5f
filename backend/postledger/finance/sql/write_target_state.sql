-- Notes how a target of exports fares.
UPDATE export_targets SET failures = %s, paused_until = %s WHERE slug = %s
