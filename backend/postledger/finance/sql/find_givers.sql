-- For whom a user may decide now. What the delegate arranged does not count.
SELECT DISTINCT users.id, users.login, users.roles, users.os_user, users.payee
FROM delegations
JOIN users ON users.id = delegations.from_user
JOIN users AS taker ON taker.id = delegations.to_user
WHERE
    taker.id = %(user_id)s
    AND delegations.since <= %(now)s
    AND delegations.until > %(now)s
    AND delegations.created_by <> taker.login
    AND users.disabled_at IS NULL
ORDER BY users.login
