-- Erases a click id from the lines of reports. Such a line is still found by its transaction id.
UPDATE statement_lines SET click_id = NULL WHERE click_id = %s
