-- What keeps a statement on record: a locked month, lines whose match a person decided, and a later statement of the
-- account that was imported without the lines that this one has.
SELECT
    statements.account,
    (
        SELECT min(periods.period)
        FROM periods
        WHERE
            periods.state = 'locked'
            AND periods.period BETWEEN date_trunc('month', coalesce(statements.period, statements.since))::date
            AND coalesce(statements.period, statements.until)
    ) AS locked,
    (
        SELECT count(DISTINCT matches.line_no)
        FROM matches
        WHERE
            matches.statement_id = statements.id
            AND (matches.state = 'confirmed' OR (matches.method = 'by_hand' AND matches.state = 'matched'))
    ) AS decided,
    (
        SELECT later.id::text
        FROM statements AS later
        WHERE
            later.account = statements.account
            AND later.imported_at > statements.imported_at
            AND later.known > 0
            AND later.since <= statements.until
            AND later.until >= statements.since
        ORDER BY later.imported_at DESC
        LIMIT 1
    ) AS relying
FROM statements
WHERE statements.id = %(id)s
