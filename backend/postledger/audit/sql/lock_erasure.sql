-- Makes a second erasure wait: two erasures update many rows in different orders and would deadlock.
SELECT pg_advisory_lock(%s)
