-- The runs of a month, newest first. One that has not ended, and has no lock any more, was interrupted.
SELECT
    runs.id::text,
    runs.kind,
    coalesce(sources.slug, runs.account) AS name,
    runs.as_of,
    CASE
        WHEN runs.state <> 'running' OR EXISTS (
            SELECT FROM pg_locks
            WHERE
                locktype = 'advisory' AND objsubid = 1
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND (classid::bigint << 32) | objid::bigint = hashtextextended(
                    concat_ws(':', 'reconcile', runs.kind, coalesce(runs.source_id::text, runs.account), runs.period), 0
                )
        ) THEN runs.state
        ELSE 'failed'
    END AS state,
    runs.started_at,
    runs.ended_at,
    runs.started_by
FROM reconciliations AS runs
LEFT JOIN sources ON sources.id = runs.source_id
WHERE runs.period = %(period)s
ORDER BY runs.started_at DESC, runs.id
LIMIT %(limit)s
