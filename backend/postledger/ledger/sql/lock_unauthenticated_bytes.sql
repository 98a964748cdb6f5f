-- Makes the workers lease bytes of the budget one after the other, until this transaction ends.
SELECT pg_advisory_xact_lock(%s::bigint)
