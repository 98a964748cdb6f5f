-- The decisions on some requests, in the order of their steps.
SELECT
    decision.approval_id::text, decision.step, decision.decision, users.login AS decided_by, giver.login AS decided_for,
    decision.decided_at, decision.comment
FROM approval_decisions AS decision
JOIN users ON users.id = decision.user_id
LEFT JOIN users AS giver ON giver.id = decision.for_user
WHERE decision.approval_id = ANY(%(ids)s::uuid [])
ORDER BY decision.approval_id, decision.step
LIMIT %(limit)s
