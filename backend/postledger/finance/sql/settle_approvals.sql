-- Moves requests to the next step, or settles them. The next step is reminded of as the first one was.
UPDATE approvals
SET
    state = taken.state,
    step = taken.step,
    settled_at = CASE WHEN taken.state = 'waiting' THEN NULL ELSE %(now)s END,
    remind_at = CASE
        WHEN taken.state = 'waiting' THEN %(now)s + make_interval(secs => (rule.body ->> 'remind_after_s')::float8)
    END
FROM unnest(%(ids)s::uuid [], %(states)s::text [], %(steps)s::smallint []) AS taken (approval_id, state, step)
JOIN approvals AS before ON before.id = taken.approval_id
LEFT JOIN approval_rules AS rule ON rule.version = before.rule_version AND rule.slug = before.rule
WHERE approvals.id = taken.approval_id
