-- Requests that wait, locked in the order in which all others lock them. A bill renews its own.
SELECT id::text, content_sha256
FROM approvals
WHERE id = ANY(%s::uuid []) AND state = 'waiting' AND subject <> 'bill'
ORDER BY id
FOR UPDATE
