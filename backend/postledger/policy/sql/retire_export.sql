-- Takes a target of exports out of force. Its row stays, because exports name it.
UPDATE export_targets SET removed_at = %s WHERE slug = %s AND removed_at IS NULL
