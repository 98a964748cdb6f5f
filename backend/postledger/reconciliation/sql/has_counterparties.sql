-- Whether any bank line has a counterparty.
SELECT exists(
    SELECT FROM statements JOIN statement_lines AS lines ON lines.statement_id = statements.id
    WHERE statements.account IS NOT NULL AND lines.counterparty IS NOT NULL
)
