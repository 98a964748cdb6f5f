-- Takes the lock of the runs of one scope and month for this session, if it is free.
SELECT pg_try_advisory_lock(hashtextextended(%s, 0))
