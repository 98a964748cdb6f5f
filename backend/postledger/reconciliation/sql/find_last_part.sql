-- The number of the last part of a line, undone ones too.
SELECT coalesce(max(nth), 0) FROM matches WHERE statement_id = %s AND line_no = %s
