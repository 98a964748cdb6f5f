-- Since when statements of last month wait for a run, by kind. One waits if it came, or the month ended, after the newest
-- run of its scope began. Those of a locked month wait for nothing.
WITH zone AS (
    SELECT coalesce((SELECT settings ->> 'timezone' FROM finance), 'UTC') AS name
),

last_month AS (
    SELECT
        (ended - interval '1 month')::date AS period,
        ended::date AS following,
        ended AT TIME ZONE name AS ended_at
    FROM (SELECT name, date_trunc('month', %(now)s AT TIME ZONE name) AS ended FROM zone) AS zoned
),

scopes AS (
    SELECT 'report' AS kind, last_month.period, statements.source_id, NULL AS account, max(statements.imported_at) AS came
    FROM statements
    CROSS JOIN last_month
    WHERE
        statements.source_id IS NOT NULL
        AND statements.period = last_month.period
        AND statements.replaced_at IS NULL
    GROUP BY last_month.period, statements.source_id
    UNION ALL
    SELECT 'bank', last_month.period, NULL, statements.account, max(statements.imported_at)
    FROM statements
    JOIN bank_accounts ON bank_accounts.slug = statements.account AND bank_accounts.removed_at IS NULL
    CROSS JOIN last_month
    WHERE statements.since < last_month.following AND statements.until >= last_month.period
    GROUP BY last_month.period, statements.account
)

SELECT scopes.kind, min(greatest(scopes.came, last_month.ended_at))
FROM scopes
CROSS JOIN last_month
WHERE
    NOT EXISTS (SELECT FROM periods WHERE periods.period = scopes.period AND periods.state = 'locked')
    AND NOT EXISTS (
        SELECT
        FROM reconciliations
        WHERE
            reconciliations.kind = scopes.kind
            AND reconciliations.period = scopes.period
            AND reconciliations.source_id IS NOT DISTINCT FROM scopes.source_id
            AND reconciliations.account IS NOT DISTINCT FROM scopes.account
            AND reconciliations.state = 'done'
            AND reconciliations.started_at >= greatest(scopes.came, last_month.ended_at)
    )
GROUP BY scopes.kind
