-- What is booked on an account in a run of statements: their lines, and those of statements without balances in its days.
-- `without` leaves out the lines of a statement.
SELECT coalesce(sum(lines.amount), 0)
FROM statements
JOIN statement_lines AS lines ON lines.statement_id = statements.id
WHERE
    statements.account = %(account)s
    AND statements.since <= %(until)s
    AND statements.until >= %(since)s
    AND statements.id IS DISTINCT FROM %(without)s::uuid
    AND NOT lines.pending
    AND (
        statements.id = ANY(%(ids)s::uuid [])
        OR (
            (statements.opening IS NULL OR statements.closing IS NULL)
            AND coalesce(lines.booked_on, lines.valued_on) BETWEEN %(since)s AND %(until)s
        )
    )
