-- Requests: those that wait first, then the newest.
SELECT
    approvals.id::text, approvals.subject, approvals.subject_id, approvals.payee, approvals.amount, approvals.currency,
    approvals.state, CASE WHEN approvals.state = 'waiting' THEN approvals.steps[approvals.step + 1] END AS waits_for,
    approvals.step, approvals.steps, approvals.rule, approvals.rule_version, approvals.created_by, approvals.created_at,
    approvals.remind_at, approvals.settled_at, encode(approvals.content_sha256, 'hex') AS content_sha256
FROM approvals
WHERE
    (%(state)s::text IS NULL OR approvals.state = %(state)s)
    AND (%(subject)s::text IS NULL OR approvals.subject = %(subject)s)
    AND (%(payee)s::text IS NULL OR approvals.payee = %(payee)s)
    AND (%(ids)s::uuid [] IS NULL OR approvals.id = ANY(%(ids)s))
ORDER BY approvals.state <> 'waiting', approvals.created_at DESC, approvals.id DESC
LIMIT %(limit)s::bigint
