-- Releases the lock of the migrator.
SELECT pg_advisory_unlock(%s)
