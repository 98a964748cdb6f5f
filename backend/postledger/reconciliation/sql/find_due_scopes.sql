-- What of a month must be reconciled again: a statement came, or the month ended, after the last run that came to its end.
WITH scopes AS (
    SELECT 'report' AS kind, sources.slug AS name, sources.id AS source_id, NULL AS account, max(imported_at) AS imported_at
    FROM statements
    JOIN sources ON sources.id = statements.source_id
    WHERE statements.kind = 'network' AND statements.period = %(period)s AND statements.replaced_at IS NULL
    GROUP BY sources.id
    UNION ALL
    SELECT 'bank', bank_accounts.slug, NULL, bank_accounts.slug, max(statements.imported_at)
    FROM bank_accounts
    LEFT JOIN statements
        ON
            statements.account = bank_accounts.slug
            AND statements.since <= %(last_day)s AND statements.until >= %(period)s
    WHERE bank_accounts.removed_at IS NULL
    GROUP BY bank_accounts.slug
)

SELECT scopes.kind, scopes.name
FROM scopes
WHERE
    NOT EXISTS (SELECT FROM periods WHERE period = %(period)s AND state = 'locked')
    AND NOT EXISTS (
        SELECT FROM reconciliations AS run
        WHERE
            run.kind = scopes.kind AND run.period = %(period)s AND run.state = 'done'
            AND run.source_id IS NOT DISTINCT FROM scopes.source_id AND run.account IS NOT DISTINCT FROM scopes.account
            AND run.started_at >= greatest(scopes.imported_at, %(ended_at)s)
    )
ORDER BY scopes.kind DESC, scopes.name
