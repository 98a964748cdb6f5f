-- Locks the reversals of some sources until this transaction ends. The ids must be sorted: two batches that lock the same
-- sources in different orders would deadlock.
SELECT pg_advisory_xact_lock(%s, source_id) FROM unnest(%s::integer[]) AS source_id
