-- The run that has the lock of a scope and month.
SELECT started_by, started_at
FROM reconciliations
WHERE
    kind = %(kind)s AND period = %(period)s AND state = 'running'
    AND source_id IS NOT DISTINCT FROM %(source_id)s AND account IS NOT DISTINCT FROM %(account)s
ORDER BY started_at DESC
LIMIT 1
