-- Takes the right to publish: one worker at a time publishes, so that the order holds. The session keeps it until it ends.
SELECT pg_try_advisory_lock(%s)
