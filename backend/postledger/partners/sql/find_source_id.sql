-- A source in force, which stays so until this transaction ends.
SELECT id FROM sources WHERE slug = %s AND removed_at IS NULL FOR SHARE
