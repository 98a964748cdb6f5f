-- The requests that are due to be reminded of, once each, and when the next reminder is due.
UPDATE approvals
SET remind_at = %(now)s + make_interval(secs => (rule.body ->> 'remind_after_s')::float8)
FROM (
    SELECT id, rule, rule_version FROM approvals
    WHERE state = 'waiting' AND remind_at <= %(now)s
    ORDER BY id
    FOR UPDATE
) AS due
LEFT JOIN approval_rules AS rule ON rule.version = due.rule_version AND rule.slug = due.rule
WHERE approvals.id = due.id
RETURNING approvals.id::text
