-- Takes a campaign out of force. Its row and its history stay.
UPDATE campaigns SET removed_at = %s WHERE slug = %s AND removed_at IS NULL
