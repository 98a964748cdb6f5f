-- A statement line, for a person who decides what it is, and whether its month is locked.
SELECT
    statements.kind,
    coalesce(lines.valued_on, lines.booked_on) AS day,
    lines.amount,
    lines.currency,
    lines.fee,
    lines.instructed_amount,
    lines.instructed_currency,
    lines.rate,
    statements.account,
    statements.source_id,
    statements.imported_by,
    periods.period AS locked
FROM statements
JOIN statement_lines AS lines ON lines.statement_id = statements.id
LEFT JOIN periods
    ON
        periods.state = 'locked'
        AND periods.period = coalesce(
            statements.period, date_trunc('month', coalesce(lines.booked_on, lines.valued_on))::date
        )
WHERE lines.statement_id = %s AND lines.line_no = %s AND NOT lines.pending
