-- Waits for an advisory lock, and keeps it until the end of the transaction.
SELECT pg_advisory_xact_lock(%s)
