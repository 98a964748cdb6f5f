-- The changes of the policy, the newest first. The source of the self-test is not configuration.
SELECT version, at, actor, action, subject, slug, keys, settings
FROM policy_history
WHERE
    (%(source)s::text IS NULL OR (subject = 'source' AND slug = %(source)s::text))
    AND NOT (subject = 'source' AND slug = %(selftest)s)
ORDER BY version DESC, subject, slug, action
LIMIT %(limit)s
