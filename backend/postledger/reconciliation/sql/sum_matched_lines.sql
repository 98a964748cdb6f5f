-- The bank lines of a month that are matched, by currency.
SELECT
    'matched' AS class,
    lines.currency,
    count(*) AS number,
    trim_scale(sum(abs(lines.amount)))::text AS stake
FROM statements
JOIN statement_lines AS lines ON lines.statement_id = statements.id
WHERE
    statements.account = %(account)s
    AND coalesce(lines.booked_on, lines.valued_on) >= %(since)s
    AND coalesce(lines.booked_on, lines.valued_on) < %(until)s
    AND EXISTS (
        SELECT FROM matches
        WHERE
            matches.statement_id = lines.statement_id AND matches.line_no = lines.line_no
            AND matches.state IN ('matched', 'confirmed')
    )
GROUP BY lines.currency
ORDER BY lines.currency
