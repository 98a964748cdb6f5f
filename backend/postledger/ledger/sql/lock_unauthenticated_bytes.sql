-- Makes the workers lease bytes of the budget one after the other, until this transaction ends. The sandbox
-- has a lock of its own.
SELECT pg_advisory_xact_lock(%s::bigint + (current_schema() = 'sandbox')::integer)
