-- Makes requests in the place of others, with the content as it is now. Every step is decided again.
INSERT INTO approvals (
    id, subject, subject_id, rule, rule_version, payee, amount, currency, created_by, step, steps, state,
    content_sha256, created_at, remind_at
)
SELECT
    renewed.new_id, old.subject, old.subject_id, old.rule, old.rule_version, old.payee, old.amount, old.currency,
    old.created_by, 0, old.steps, 'waiting', renewed.content_sha256, %(now)s,
    %(now)s + make_interval(secs => (rule.body ->> 'remind_after_s')::float8)
FROM unnest(%(old)s::uuid [], %(new)s::uuid [], %(contents)s::bytea []) AS renewed (old_id, new_id, content_sha256)
JOIN approvals AS old ON old.id = renewed.old_id
LEFT JOIN approval_rules AS rule ON rule.version = old.rule_version AND rule.slug = old.rule
