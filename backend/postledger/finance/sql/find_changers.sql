-- Who made or changed rules and payees within `rule_cooling`, and which.
SELECT DISTINCT policy_history.subject, policy_history.slug, policy_history.actor
FROM policy_history
CROSS JOIN (SELECT settings FROM finance) AS books
WHERE
    policy_history.at > %(now)s - make_interval(secs => coalesce((books.settings ->> 'rule_cooling_s')::float8, 86400))
    AND (
        policy_history.subject = 'rule'
        OR (policy_history.subject = 'approval_rule' AND policy_history.slug = ANY(%(rules)s))
        OR (policy_history.subject = 'payee' AND policy_history.slug = ANY(%(payees)s))
    )
