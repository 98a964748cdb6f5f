-- Locks the parts of a line's matches and proposals that were not undone.
SELECT nth, state, proposal, confirmed_by
FROM matches
WHERE statement_id = %s AND line_no = %s AND state <> 'undone'
ORDER BY nth
FOR UPDATE
