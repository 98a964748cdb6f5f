-- What was booked in a month on an account, in and out, and what of it the matches explain. A part that is not applied to a
-- bill or a receivable explains nothing.
SELECT
    CASE WHEN lines.amount < 0 THEN 'out' ELSE 'in' END AS direction,
    count(*) AS lines,
    sum(lines.amount) AS amount,
    count(*) FILTER (WHERE parts.amount = lines.amount) AS explained_lines,
    coalesce(sum(parts.amount), 0) AS explained
FROM statements
INNER JOIN statement_lines AS lines ON lines.statement_id = statements.id
LEFT JOIN LATERAL (
    SELECT sum(matches.amount) AS amount
    FROM matches
    WHERE
        matches.statement_id = lines.statement_id
        AND matches.line_no = lines.line_no
        AND matches.state IN ('matched', 'confirmed')
        AND matches.part <> 'unapplied'
) AS parts ON true
WHERE
    statements.account = %(account)s
    AND lines.booked_on >= %(since)s
    AND lines.booked_on < %(until)s
    AND NOT lines.pending
GROUP BY direction
ORDER BY direction
