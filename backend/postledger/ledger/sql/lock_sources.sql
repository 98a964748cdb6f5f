-- Locks the reversals of some sources until this transaction ends. The ids must be sorted: two batches that lock the same
-- sources in different orders would deadlock. The sandbox has locks of its own: its schema comes first in the search path.
SELECT pg_advisory_xact_lock(%s::integer + (current_schema() = 'sandbox')::integer, source_id) FROM unnest(%s::integer[]) AS source_id
