-- What can be reconciled for a month: the sources that have a report of it, and our bank accounts.
SELECT 'report' AS kind, sources.slug AS name
FROM sources
WHERE EXISTS (
    SELECT FROM statements
    WHERE statements.source_id = sources.id AND statements.period = %s AND statements.replaced_at IS NULL
)
UNION ALL
SELECT 'bank', slug FROM bank_accounts WHERE removed_at IS NULL
ORDER BY kind DESC, name
