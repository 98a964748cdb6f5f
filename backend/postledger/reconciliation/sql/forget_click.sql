-- Erases a click id from the lines of reports, also where a network has it as the id of a transaction, and counts them. What
-- was matched by it stays, because no run could match it again.
WITH emptied AS (
    UPDATE statement_lines
    SET click_id = nullif(click_id, %(click_id)s), transaction_id = nullif(transaction_id, %(click_id)s)
    WHERE click_id = %(click_id)s OR transaction_id = %(click_id)s
    RETURNING statement_id, line_no
),

kept AS (
    UPDATE matches SET state = 'confirmed', confirmed_by = 'forget'
    FROM emptied
    WHERE
        matches.statement_id = emptied.statement_id
        AND matches.line_no = emptied.line_no
        AND matches.state = 'matched'
)

SELECT count(*) FROM emptied
