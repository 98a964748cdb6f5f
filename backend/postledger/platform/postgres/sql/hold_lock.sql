-- Waits for an advisory lock, and keeps it until it is released or the session ends.
SELECT pg_advisory_lock(%s)
