-- Marks a link as used.
UPDATE decision_links SET used_at = %s WHERE token_sha256 = %s
