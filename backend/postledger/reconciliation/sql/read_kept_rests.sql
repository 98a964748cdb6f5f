-- The bank lines of a month with a part that is not applied to anything, and whose match stays.
SELECT DISTINCT
    lines.statement_id::text,
    lines.line_no,
    encode(lines.fingerprint, 'hex') || ':' || coalesce(lines.occurrence, 1) AS subject
FROM statements
JOIN statement_lines AS lines ON lines.statement_id = statements.id
JOIN matches ON matches.statement_id = lines.statement_id AND matches.line_no = lines.line_no
WHERE
    statements.account = %(account)s
    AND coalesce(lines.booked_on, lines.valued_on) >= %(since)s
    AND coalesce(lines.booked_on, lines.valued_on) < %(until)s
    AND matches.part = 'unapplied'
    AND matches.state IN ('matched', 'confirmed')
