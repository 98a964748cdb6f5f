-- Requests by id, as they are.
SELECT id::text, subject, subject_id, rule, rule_version, payee, step, steps, state, content_sha256
FROM approvals
WHERE id = any(%s::uuid [])
