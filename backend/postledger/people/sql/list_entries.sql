-- Entries of the chain, the newest first.
SELECT seq, at, actor, action, subject, body, hash FROM audit_log
WHERE
    (%(actor)s::text IS NULL OR actor = %(actor)s)
    AND (%(action)s::text IS NULL OR action = %(action)s OR starts_with(action, %(action)s || '.'))
    AND (%(subject)s::text IS NULL OR subject = %(subject)s)
ORDER BY seq DESC LIMIT %(limit)s
