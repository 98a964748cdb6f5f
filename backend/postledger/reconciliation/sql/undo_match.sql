-- Undoes the match of a line. It stays on record.
UPDATE matches SET state = 'undone', undone_at = %(now)s, undone_by = %(actor)s
WHERE statement_id = %(statement)s AND line_no = %(line_no)s AND state IN ('matched', 'confirmed')
