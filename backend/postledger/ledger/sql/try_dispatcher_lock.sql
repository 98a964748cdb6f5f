-- Become the dispatcher until the end of this transaction, unless another session is it. Returns whether, and the time.
SELECT pg_try_advisory_xact_lock(%s), clock_timestamp()
