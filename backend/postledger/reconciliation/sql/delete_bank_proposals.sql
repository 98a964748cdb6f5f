-- Deletes what earlier runs proposed for the bank lines of a month. What was matched stays until a person undoes it: a bill
-- that is paid must not be open again because a later one makes the answer less clear. In a locked month everything stays.
DELETE FROM matches USING statements, statement_lines AS lines
WHERE
    NOT %(locked)s
    AND statements.account = %(account)s
    AND lines.statement_id = statements.id
    AND coalesce(lines.booked_on, lines.valued_on) >= %(since)s
    AND coalesce(lines.booked_on, lines.valued_on) < %(until)s
    AND matches.statement_id = lines.statement_id
    AND matches.line_no = lines.line_no
    AND matches.state = 'proposed'
