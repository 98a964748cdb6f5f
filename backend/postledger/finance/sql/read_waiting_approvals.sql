-- All requests that wait.
SELECT id::text, subject, subject_id, rule, rule_version, payee, step, steps, state, content_sha256
FROM approvals
WHERE state = 'waiting'
