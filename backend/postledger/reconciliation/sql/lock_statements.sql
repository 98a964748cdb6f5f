-- Lets one import of a source's reports run at a time, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('statements:' || %s, 0))
