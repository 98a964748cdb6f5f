-- Releases an advisory lock of this session.
SELECT pg_advisory_unlock(%s)
