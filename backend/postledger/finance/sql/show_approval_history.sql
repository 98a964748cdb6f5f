-- The other requests about the same subject, the oldest first.
SELECT id::text, state, amount, currency, created_by, created_at, settled_at
FROM approvals
WHERE subject_id = %(subject_id)s AND subject = %(subject)s AND id <> %(id)s::uuid
ORDER BY created_at, id
