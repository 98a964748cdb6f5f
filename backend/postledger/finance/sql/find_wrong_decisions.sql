-- Requests that were decided by who caused them, by one person twice, or approved without a decision for each step.
WITH involved AS (
    SELECT decision.approval_id, decision.step, person.user_id
    FROM approval_decisions AS decision
    CROSS JOIN LATERAL unnest(ARRAY[decision.user_id, decision.for_user]) AS person (user_id)
    WHERE person.user_id IS NOT NULL
)
SELECT involved.approval_id::text
FROM involved
JOIN approvals ON approvals.id = involved.approval_id
JOIN users ON users.id = involved.user_id
WHERE users.login = approvals.created_by
UNION
SELECT approval_id::text FROM involved GROUP BY approval_id, user_id HAVING count(DISTINCT step) > 1
UNION
SELECT approvals.id::text
FROM approvals
WHERE
    approvals.state = 'approved'
    AND (
        SELECT count(*) FROM approval_decisions
        WHERE approval_decisions.approval_id = approvals.id AND approval_decisions.decision = 'approve'
    ) < cardinality(approvals.steps)
ORDER BY 1
