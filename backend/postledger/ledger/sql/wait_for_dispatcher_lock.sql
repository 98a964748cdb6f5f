-- Waits until no worker dispatches, and holds the others off until the end of the transaction.
SELECT pg_advisory_xact_lock(%s)
