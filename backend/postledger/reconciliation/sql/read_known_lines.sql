-- The lines of a bank account of some days. A line can be booked some days before or after its statement.
SELECT lines.fingerprint, lines.amount, lines.booked_on, lines.bank_reference
FROM statements
JOIN statement_lines AS lines ON lines.statement_id = statements.id
WHERE
    statements.account = %(account)s
    AND statements.since <= %(until)s + 31
    AND statements.until >= %(since)s - 31
    AND coalesce(lines.booked_on, lines.valued_on) BETWEEN %(since)s AND %(until)s
    AND NOT lines.pending
