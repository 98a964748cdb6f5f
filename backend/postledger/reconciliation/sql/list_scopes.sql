-- What can be reconciled for a month: the sources that have a report of it, or open work items of one that was taken out,
-- and our bank accounts.
SELECT 'report' AS kind, sources.slug AS name
FROM sources
WHERE EXISTS (
    SELECT FROM statements
    WHERE statements.source_id = sources.id AND statements.period = %(period)s AND statements.replaced_at IS NULL
) OR EXISTS (
    SELECT FROM discrepancies
    WHERE
        kind = 'report' AND discrepancies.source_id = sources.id AND discrepancies.period = %(period)s
        AND state IN ('open', 'assigned', 'disputed')
)
UNION ALL
SELECT 'bank', slug FROM bank_accounts WHERE removed_at IS NULL
ORDER BY kind DESC, name
