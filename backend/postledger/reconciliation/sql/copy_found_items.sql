-- Adds what a pass has found.
COPY found_items (key, class, statement_id, line_no, bill_id, receivable_id, stake, currency, facts) FROM STDIN
