-- Who caused the requests, or those in whose place they are. What a postback caused has no such name.
SELECT DISTINCT asked.id::text, earlier.created_by
FROM approvals AS asked
JOIN approvals AS earlier ON earlier.subject_id = asked.subject_id AND earlier.subject = asked.subject
WHERE
    asked.id = ANY(%s::uuid [])
    AND earlier.created_by IS NOT NULL
    AND (earlier.id = asked.id OR earlier.state = 'superseded')
