-- Takes the right to send for some forwards: one worker at a time sends for each, so that its limits hold. The session
-- keeps it, and loses it when it ends.
SELECT slug FROM unnest(%(slugs)s::text []) AS slug
WHERE pg_try_advisory_lock(%(space)s, hashtext(slug))
