-- All users by login, with their valid tokens and their delegates of today or later.
SELECT
    login, name, roles, email, os_user, payee, created_at, disabled_at,
    (
        SELECT count(*) FROM tokens
        WHERE user_id = users.id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %(now)s)
    ) AS tokens,
    (
        SELECT coalesce(jsonb_agg(
            jsonb_build_object('login', delegate.login, 'since', delegations.since, 'until', delegations.until)
            ORDER BY delegations.since, delegate.login
        ), '[]')
        FROM delegations INNER JOIN users AS delegate ON delegate.id = delegations.to_user
        WHERE delegations.from_user = users.id AND delegations.until > %(now)s
    ) AS delegates
FROM users ORDER BY login
