-- What is booked on an account by day. A line that was booked outside the days of its statement belongs to no day.
SELECT coalesce(lines.booked_on, lines.valued_on) AS day, sum(lines.amount) AS amount
FROM statements
JOIN statement_lines AS lines ON lines.statement_id = statements.id
WHERE
    statements.account = %(account)s
    AND statements.since <= %(until)s
    AND statements.until >= %(since)s
    AND coalesce(lines.booked_on, lines.valued_on) BETWEEN greatest(statements.since, %(since)s)
    AND least(statements.until, %(until)s)
    AND NOT lines.pending
GROUP BY day
