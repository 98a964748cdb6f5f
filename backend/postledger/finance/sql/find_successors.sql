-- The requests that wait in the place of superseded ones.
SELECT earlier.id::text, later.id::text
FROM approvals AS earlier
JOIN approvals AS later ON later.subject_id = earlier.subject_id AND later.subject = earlier.subject
WHERE earlier.id = ANY(%s::uuid []) AND later.state = 'waiting'
