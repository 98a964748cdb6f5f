-- Makes other processes that create partitions wait until this transaction ends.
SELECT pg_advisory_xact_lock(%s)
