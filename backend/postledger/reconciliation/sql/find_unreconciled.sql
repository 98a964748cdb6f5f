-- The sources and bank accounts with statements of a month that no run has compared since they were imported. An account
-- that was retired is compared no more.
WITH scopes AS (
    SELECT 'report' AS kind, source_id, NULL::text AS account, max(imported_at) AS imported_at
    FROM statements
    WHERE kind = 'network' AND period = %(period)s AND replaced_at IS NULL
    GROUP BY source_id
    UNION ALL
    SELECT 'bank', NULL, account, max(imported_at)
    FROM statements
    WHERE
        kind = 'bank' AND since <= %(last_day)s AND until >= %(period)s
        AND account IN (SELECT slug FROM bank_accounts WHERE removed_at IS NULL)
    GROUP BY account
)

SELECT scopes.kind, coalesce(sources.slug, scopes.account) AS scope
FROM scopes
LEFT JOIN sources ON sources.id = scopes.source_id
WHERE NOT EXISTS (
    SELECT FROM reconciliations AS runs
    WHERE
        runs.kind = scopes.kind AND runs.period = %(period)s AND runs.state = 'done'
        AND runs.source_id IS NOT DISTINCT FROM scopes.source_id
        AND runs.account IS NOT DISTINCT FROM scopes.account AND runs.started_at >= scopes.imported_at
)
ORDER BY scopes.kind, scope
