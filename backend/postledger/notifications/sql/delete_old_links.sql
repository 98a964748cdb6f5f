-- Deletes links that ended before a time.
DELETE FROM decision_links WHERE expires_at < %s
