-- What waits for payees that were changed after it was made.
SELECT approvals.id::text
FROM approvals
JOIN payees ON payees.id = approvals.payee
WHERE
    approvals.state = 'waiting'
    AND payees.updated_at > approvals.created_at
    AND (%(ids)s::uuid [] IS NULL OR approvals.id = ANY(%(ids)s))
