-- Locks the requests about bills that wait. A decision that is under way is waited for.
SELECT id::text FROM approvals
WHERE subject = 'bill' AND subject_id = ANY(%s) AND state = 'waiting'
ORDER BY id
FOR UPDATE
