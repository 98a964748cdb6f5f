-- Empties the texts of bank lines that were booked before a day.
UPDATE statement_lines AS lines
SET counterparty = NULL, remittance = NULL
FROM statements
WHERE
    statements.account IS NOT NULL
    AND lines.statement_id = statements.id
    AND coalesce(lines.booked_on, lines.valued_on) < %(day)s
    AND (lines.counterparty IS NOT NULL OR lines.remittance IS NOT NULL)
