-- Requests to decide, locked in one order, so that two who decide the same ones wait for each other.
SELECT id::text, subject, subject_id, rule, rule_version, payee, step, steps, state, content_sha256
FROM approvals
WHERE id = ANY(%s::uuid [])
ORDER BY id
FOR UPDATE
