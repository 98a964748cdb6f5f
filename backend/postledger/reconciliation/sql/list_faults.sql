-- What could not be read of a statement, in order.
SELECT line_no, field, reason FROM statement_faults WHERE statement_id = %s ORDER BY line_no
