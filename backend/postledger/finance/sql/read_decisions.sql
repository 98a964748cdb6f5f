-- The decisions on requests, in the order of the steps.
SELECT
    decision.approval_id::text, decision.step, decision.user_id, users.login, decision.for_user, giver.login,
    decision.decision, decision.decided_at
FROM approval_decisions AS decision
JOIN users ON users.id = decision.user_id
LEFT JOIN users AS giver ON giver.id = decision.for_user
WHERE decision.approval_id = ANY(%s::uuid [])
ORDER BY decision.approval_id, decision.step
