-- Empties what a bank line says of the other side.
UPDATE statement_lines
SET counterparty = NULL, counterparty_account_hash = NULL, remittance = NULL, end_to_end = NULL
WHERE statement_id = %s AND line_no = %s
