-- The balances of an account at both ends of a month. They are those of the first and the last statement with balances; lines
-- between such a statement's end and the month's, also of other statements, are added or taken off. Several statements
-- can begin or end on a day, such as pages of it: each is a row, the likeliest first.
WITH balances AS (
    SELECT since, coalesce(until, since) AS until, opening, closing, imported_at
    FROM statements
    WHERE
        account = %(account)s AND since < %(until)s AND coalesce(until, since) >= %(since)s
        AND opening IS NOT NULL AND closing IS NOT NULL
),

first AS (
    SELECT DISTINCT ON (opening) since, opening, until AS first_until, imported_at AS first_at
    FROM balances
    WHERE since = (SELECT min(since) FROM balances)
    ORDER BY opening, until, imported_at
),

last AS (
    SELECT DISTINCT ON (closing) until, closing, since AS last_since, imported_at AS last_at
    FROM balances
    WHERE until = (SELECT max(until) FROM balances)
    ORDER BY closing, since DESC, imported_at DESC
),

days AS (
    SELECT
        lines.booked_on AS booked_on,
        -- A line that was booked outside the days of its statement counts between the balances of the statement.
        least(
            greatest(lines.booked_on, statements.since),
            coalesce(statements.until, statements.since)
        ) AS day,
        sum(lines.amount) AS amount
    FROM statements
    INNER JOIN statement_lines AS lines ON lines.statement_id = statements.id
    WHERE
        statements.account = %(account)s
        AND NOT lines.pending
        AND statements.since <= greatest((SELECT max(until) FROM last), %(until)s) + 31
        AND coalesce(statements.until, statements.since) >= least((SELECT min(since) FROM first), %(since)s) - 31
    GROUP BY 1, 2
)

SELECT
    first.opening
    + coalesce((SELECT sum(amount) FROM days WHERE day >= first.since AND booked_on < %(since)s), 0)
    - coalesce((SELECT sum(amount) FROM days WHERE booked_on >= %(since)s AND day < first.since), 0) AS opening,
    last.closing
    + coalesce((SELECT sum(amount) FROM days WHERE day > last.until AND booked_on < %(until)s), 0)
    - coalesce((SELECT sum(amount) FROM days WHERE booked_on >= %(until)s AND day <= last.until), 0) AS closing
FROM first
CROSS JOIN last
ORDER BY first.first_until, first.first_at, last.last_since DESC, last.last_at DESC
