-- Ends the delegations of a user to another one. Those that have not begun are removed.
WITH ended AS (
    UPDATE delegations SET until = %(now)s
    WHERE from_user = %(from_user)s AND to_user = %(to_user)s AND since < %(now)s AND until > %(now)s
    RETURNING id
),
removed AS (
    DELETE FROM delegations WHERE from_user = %(from_user)s AND to_user = %(to_user)s AND since >= %(now)s
    RETURNING id
)
SELECT (SELECT count(*) FROM ended) + (SELECT count(*) FROM removed)
