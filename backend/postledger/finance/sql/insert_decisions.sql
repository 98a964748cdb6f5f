-- Records decisions. The key keeps a step from being decided twice.
INSERT INTO approval_decisions (
    approval_id, step, user_id, for_user, decision, content_sha256, comment, decided_at
)
SELECT
    taken.approval_id, taken.step, %(user_id)s, taken.for_user, %(verdict)s, taken.content_sha256, %(comment)s, %(now)s
FROM
    unnest(%(ids)s::uuid [], %(steps)s::smallint [], %(for_users)s::integer [], %(contents)s::bytea [])
    AS taken (approval_id, step, for_user, content_sha256)
