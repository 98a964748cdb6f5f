-- Releases the lock of the runs of one scope and month.
SELECT pg_advisory_unlock(hashtextextended(%s, 0))
