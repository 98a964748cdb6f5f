-- How many requests wait for a person of each role, and since when. Roles of the rules in force for which nothing waits
-- count 0.
SELECT role, count(created_at), min(created_at)
FROM (
    (
        SELECT steps[step + 1] AS role, created_at
        FROM approvals
        WHERE state = 'waiting'
        LIMIT %(limit)s
    )
    UNION ALL
    SELECT jsonb_array_elements_text(approval_rules.body -> 'steps'), NULL
    FROM approval_rules
    JOIN finance ON finance.approval_rules_version = approval_rules.version
) AS waiting
GROUP BY role
