-- Requests that wait, locked in the order in which all others lock them.
SELECT id::text, content_sha256
FROM approvals
WHERE id = ANY(%s::uuid []) AND state = 'waiting'
ORDER BY id
FOR UPDATE
