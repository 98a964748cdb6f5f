-- Waits until no session has an advisory lock for itself, and shares it until the end of the transaction.
SELECT pg_advisory_xact_lock_shared(%s)
