-- Records when a secret last matched. An older time never replaces a newer one.
UPDATE source_secrets SET last_matched_at = %(at)s
WHERE id = %(id)s AND (last_matched_at IS NULL OR last_matched_at < %(at)s)
