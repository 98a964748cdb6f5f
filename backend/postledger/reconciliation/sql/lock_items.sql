-- Locks the work items of a scope and month, so that no person changes one while a run settles them.
SELECT count(*) FROM (
    SELECT FROM discrepancies
    WHERE
        kind = %(kind)s AND period = %(period)s
        AND source_id IS NOT DISTINCT FROM %(source_id)s AND account IS NOT DISTINCT FROM %(account)s
    ORDER BY key
    FOR UPDATE
) AS locked
