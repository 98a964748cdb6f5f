-- Confirms parts of a line.
UPDATE matches SET state = 'confirmed', confirmed_by = %(actor)s
WHERE statement_id = %(statement)s AND line_no = %(line_no)s AND nth = ANY(%(nths)s)
