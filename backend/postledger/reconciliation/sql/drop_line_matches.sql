-- Deletes parts of a line that no person has decided on.
DELETE FROM matches
WHERE
    statement_id = %(statement)s AND line_no = %(line_no)s AND state IN ('matched', 'proposed')
    AND nth <> ALL(%(kept)s)
