-- Takes the lock of the migrator if it is free, and does not wait for it.
SELECT pg_try_advisory_lock(%s)
