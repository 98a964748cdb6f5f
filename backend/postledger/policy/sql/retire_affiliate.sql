-- Takes an affiliate out of force. Its row and its history stay.
UPDATE affiliates SET removed_at = %s WHERE id = %s
