-- Makes a request that waits for its first step. What it is bound to is hashed once its lines are there.
INSERT INTO approvals (
    id, subject, subject_id, rule, rule_version, payee, amount, currency, created_by, step, steps, state,
    content_sha256, created_at, remind_at
)
VALUES (
    %(id)s, %(subject)s, %(subject_id)s, %(rule)s, %(rule_version)s, %(payee)s, %(amount)s, %(currency)s,
    %(created_by)s, 0, %(steps)s, 'waiting', %(content_sha256)s, %(created_at)s, %(remind_at)s
)
