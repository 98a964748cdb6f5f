-- Ends the pause of a target, or of all, so that what was made due now is sent now.
UPDATE export_targets SET paused_until = NULL WHERE paused_until IS NOT NULL AND (%(target)s::text IS NULL OR slug = %(target)s)
