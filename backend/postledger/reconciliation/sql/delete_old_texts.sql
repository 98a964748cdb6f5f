-- Empties the texts of bank lines that were booked before a day, and counts them. What was matched by them stays, because no
-- run could match it again.
WITH emptied AS (
    UPDATE statement_lines AS lines
    SET counterparty = NULL, remittance = NULL
    FROM statements
    WHERE
        statements.account IS NOT NULL
        AND lines.statement_id = statements.id
        AND coalesce(lines.booked_on, lines.valued_on) < %(day)s
        AND (lines.counterparty IS NOT NULL OR lines.remittance IS NOT NULL)
    RETURNING lines.statement_id, lines.line_no
),

kept AS (
    UPDATE matches SET state = 'confirmed', confirmed_by = 'retain'
    FROM emptied
    WHERE
        matches.statement_id = emptied.statement_id
        AND matches.line_no = emptied.line_no
        AND matches.state = 'matched'
)

SELECT count(*) FROM emptied
