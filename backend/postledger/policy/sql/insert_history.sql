-- Records one change of the policy.
INSERT INTO policy_history (version, subject, slug, action, keys, settings, actor, at)
VALUES (
    %(version)s, %(subject)s, %(slug)s, %(action)s, %(keys)s::text[], %(settings)s::text::jsonb, %(actor)s, %(at)s
)
