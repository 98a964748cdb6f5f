-- The decisions on requests, in the order of the steps.
SELECT
    decision.approval_id::text, decision.step, decision.decision, users.login AS decided_by, giver.login AS decided_for,
    decision.decided_at, decision.comment, encode(decision.content_sha256, 'hex') AS content_sha256
FROM approval_decisions AS decision
JOIN users ON users.id = decision.user_id
LEFT JOIN users AS giver ON giver.id = decision.for_user
WHERE decision.approval_id = ANY(%s::uuid [])
ORDER BY decision.approval_id, decision.step
