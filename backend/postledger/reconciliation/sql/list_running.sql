-- The runs of a month that have not ended. One that has no lock any more was interrupted.
SELECT runs.kind, coalesce(sources.slug, runs.account), runs.started_by
FROM reconciliations AS runs
LEFT JOIN sources ON sources.id = runs.source_id
WHERE
    runs.period = %s AND runs.state = 'running'
    AND EXISTS (
        SELECT FROM pg_locks
        WHERE
            locktype = 'advisory' AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (classid::bigint << 32) | objid::bigint = hashtextextended(
                concat_ws(':', 'reconcile', runs.kind, coalesce(runs.source_id::text, runs.account), runs.period), 0
            )
    )
ORDER BY runs.started_at
