-- The runs of a month that have not ended.
SELECT runs.kind, coalesce(sources.slug, runs.account), runs.started_by
FROM reconciliations AS runs
LEFT JOIN sources ON sources.id = runs.source_id
WHERE runs.period = %s AND runs.state = 'running'
ORDER BY runs.started_at
