-- The statements of a bank account that have days of a month, oldest first, each with what the account's lines of its days
-- before and after the month sum to. Such a line can be on record as one of another statement.
SELECT
    statements.id::text,
    statements.format,
    statements.number,
    statements.since,
    statements.until,
    statements.opening,
    statements.closing,
    statements.lines,
    statements.proof,
    statements.proof_difference,
    statements.gap,
    coalesce(outside.before, 0) AS before_month,
    coalesce(outside.after, 0) AS after_month
FROM statements
CROSS JOIN LATERAL (
    SELECT
        sum(lines.amount) FILTER (WHERE lines.booked_on < %(since)s) AS before,
        sum(lines.amount) FILTER (WHERE lines.booked_on >= %(until)s) AS after
    FROM statements AS others
    JOIN statement_lines AS lines ON lines.statement_id = others.id
    WHERE
        others.account = statements.account
        AND lines.booked_on BETWEEN statements.since AND statements.until
        AND (statements.since < %(since)s OR statements.until >= %(until)s)
        AND NOT lines.pending
) AS outside
WHERE
    statements.account = %(account)s
    AND statements.since < %(until)s
    AND coalesce(statements.until, statements.since) >= %(since)s
ORDER BY statements.since, statements.until, statements.imported_at
