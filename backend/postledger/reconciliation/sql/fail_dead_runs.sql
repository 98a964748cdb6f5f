-- Notes that runs of a scope and month have ended without a word. The caller has their lock, so none of them goes on.
UPDATE reconciliations SET state = 'failed', fault = 'interrupted', ended_at = %(now)s
WHERE
    kind = %(kind)s AND period = %(period)s AND state = 'running'
    AND source_id IS NOT DISTINCT FROM %(source_id)s AND account IS NOT DISTINCT FROM %(account)s
