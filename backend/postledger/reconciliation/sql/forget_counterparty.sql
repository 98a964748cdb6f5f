-- Empties what a bank line says of the other side. What was matched by it stays, because no run could match it again.
WITH emptied AS (
    UPDATE statement_lines
    SET counterparty = NULL, counterparty_account_hash = NULL, remittance = NULL, end_to_end = NULL
    WHERE statement_id = %(statement_id)s AND line_no = %(line_no)s
    RETURNING statement_id, line_no
)

UPDATE matches SET state = 'confirmed', confirmed_by = 'forget'
FROM emptied
WHERE
    matches.statement_id = emptied.statement_id
    AND matches.line_no = emptied.line_no
    AND matches.state = 'matched'
