-- The balances of an account at both ends of a month. They are those of the first and the last statement with balances; lines
-- between such a statement's end and the month's, also of other statements, are added or taken off.
WITH balances AS (
    SELECT since, coalesce(until, since) AS until, opening, closing, imported_at
    FROM statements
    WHERE
        account = %(account)s AND since < %(until)s AND coalesce(until, since) >= %(since)s
        AND opening IS NOT NULL AND closing IS NOT NULL
),

first AS (SELECT since, opening FROM balances ORDER BY since, until, imported_at LIMIT 1),

last AS (SELECT until, closing FROM balances ORDER BY until DESC, since DESC, imported_at DESC LIMIT 1),

days AS (
    SELECT lines.booked_on, sum(lines.amount) AS amount
    FROM statements
    INNER JOIN statement_lines AS lines ON lines.statement_id = statements.id
    WHERE
        statements.account = %(account)s
        AND NOT lines.pending
        AND lines.booked_on >= least((SELECT since FROM first), %(since)s)
        AND lines.booked_on <= greatest((SELECT until FROM last), %(until)s)
    GROUP BY lines.booked_on
)

SELECT
    first.opening
    + coalesce((SELECT sum(amount) FROM days WHERE booked_on >= first.since AND booked_on < %(since)s), 0)
    - coalesce((SELECT sum(amount) FROM days WHERE booked_on >= %(since)s AND booked_on < first.since), 0) AS opening,
    last.closing
    + coalesce((SELECT sum(amount) FROM days WHERE booked_on > last.until AND booked_on < %(until)s), 0)
    - coalesce((SELECT sum(amount) FROM days WHERE booked_on >= %(until)s AND booked_on <= last.until), 0) AS closing
FROM first
CROSS JOIN last
