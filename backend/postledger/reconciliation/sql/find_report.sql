-- The report that counts for a source and a period.
SELECT id::text
FROM statements
WHERE source_id = %(source_id)s AND period = %(period)s AND kind = 'network' AND replaced_at IS NULL
