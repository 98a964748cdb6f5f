-- What the lines of a month on an account were matched with, by part.
SELECT
    matches.part,
    count(*) AS parts,
    sum(matches.amount) AS amount
FROM statements
INNER JOIN statement_lines AS lines ON lines.statement_id = statements.id
INNER JOIN matches ON matches.statement_id = lines.statement_id AND matches.line_no = lines.line_no
WHERE
    statements.account = %(account)s
    AND lines.booked_on >= %(since)s
    AND lines.booked_on < %(until)s
    AND NOT lines.pending
    AND matches.state IN ('matched', 'confirmed')
GROUP BY matches.part
ORDER BY array_position(ARRAY['payment', 'fee', 'fx', 'rounding', 'unapplied'], matches.part)
