-- The newest run that is done, of each kind: when it ended, and how long it took.
SELECT DISTINCT ON (kind) kind, ended_at, extract(EPOCH FROM ended_at - started_at)::double precision
FROM reconciliations
WHERE state = 'done'
ORDER BY kind, ended_at DESC
