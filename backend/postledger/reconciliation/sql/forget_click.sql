-- Erases a click id from the lines of reports, also where a network has it as the id of a transaction.
UPDATE statement_lines
SET click_id = nullif(click_id, %(click_id)s), transaction_id = nullif(transaction_id, %(click_id)s)
WHERE click_id = %(click_id)s OR transaction_id = %(click_id)s
