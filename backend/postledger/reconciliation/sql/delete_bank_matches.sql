-- Deletes what earlier runs matched and proposed for the bank lines of a month. What people decided stays. In a locked
-- month everything stays.
DELETE FROM matches USING statements, statement_lines AS lines
WHERE
    NOT %(locked)s
    AND statements.account = %(account)s
    AND lines.statement_id = statements.id
    AND coalesce(lines.booked_on, lines.valued_on) >= %(since)s
    AND coalesce(lines.booked_on, lines.valued_on) < %(until)s
    AND matches.statement_id = lines.statement_id
    AND matches.line_no = lines.line_no
    AND matches.state IN ('matched', 'proposed')
