-- Takes a forward out of force. Its row and its history stay; the worker discards what waits for it.
UPDATE forwards SET removed_at = %s WHERE slug = %s AND removed_at IS NULL
