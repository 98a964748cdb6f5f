-- Takes a source out of force. Its row and its history stay.
UPDATE sources SET removed_at = %s WHERE slug = %s AND removed_at IS NULL
