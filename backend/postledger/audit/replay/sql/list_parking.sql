-- The sources of which a dry run has parked reversals.
SELECT DISTINCT source_id FROM pg_temp.parked_reversals WHERE id IN (SELECT id FROM pg_temp.postbacks)
