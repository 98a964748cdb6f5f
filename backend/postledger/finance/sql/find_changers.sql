-- Who made or changed rules and payees within `rule_cooling`, and which. All approval rules count: one that was made laxer,
-- or taken away, leaves an amount to another one. A person who changes `rule_cooling` decides nothing for a day at
-- least, or one person could end their own.
SELECT DISTINCT policy_history.subject, policy_history.slug, policy_history.actor
FROM policy_history
CROSS JOIN (
    SELECT make_interval(secs => coalesce((settings ->> 'rule_cooling_s')::float8, 86400)) AS cooling FROM finance
) AS books
WHERE
    (
        policy_history.at > %(now)s - books.cooling
        AND (
            policy_history.subject IN ('rule', 'approval_rule')
            OR (policy_history.subject = 'payee' AND policy_history.slug = ANY(%(payees)s))
        )
    )
    OR (
        policy_history.at > %(now)s - greatest(books.cooling, '1 day')
        AND policy_history.subject = 'finance' AND 'rule_cooling_s' = ANY(policy_history.keys)
        AND policy_history.action = 'change'
    )
