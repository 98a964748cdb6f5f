-- The encrypted counterparties of bank lines.
SELECT lines.statement_id::text, lines.line_no, lines.counterparty
FROM statements
JOIN statement_lines AS lines ON lines.statement_id = statements.id
WHERE statements.account IS NOT NULL AND lines.counterparty IS NOT NULL
