-- The runs of a month, newest first.
SELECT
    runs.id::text,
    runs.kind,
    coalesce(sources.slug, runs.account) AS name,
    runs.as_of,
    runs.state,
    runs.started_at,
    runs.ended_at,
    runs.started_by
FROM reconciliations AS runs
LEFT JOIN sources ON sources.id = runs.source_id
WHERE runs.period = %(period)s
ORDER BY runs.started_at DESC, runs.id
LIMIT %(limit)s
