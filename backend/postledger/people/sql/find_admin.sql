-- Finds an admin who is not disabled.
SELECT login FROM users WHERE 'admin' = ANY(roles) AND disabled_at IS NULL LIMIT 1
