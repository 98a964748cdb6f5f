-- The newest run of each month, kind and source, and how long it took; the newest month first. Runs of bank accounts are
-- told together.
SELECT DISTINCT ON (reconciliations.period, reconciliations.kind, reconciliations.source_id)
    to_char(reconciliations.period, 'YYYY-MM') AS month,
    reconciliations.kind,
    sources.slug AS source,
    reconciliations.state,
    extract(EPOCH FROM now() - reconciliations.started_at)::float8 AS began,
    extract(EPOCH FROM reconciliations.ended_at - reconciliations.started_at)::float8 AS took
FROM reconciliations
LEFT JOIN sources ON sources.id = reconciliations.source_id
ORDER BY reconciliations.period DESC, reconciliations.kind, reconciliations.source_id, reconciliations.started_at DESC
LIMIT 100
