-- Statements of an account that have days of a month and are not proven, and those with missing days before them. A gap
-- belongs to the month of its first missing day only, so that it is one work item.
SELECT
    'unproven' AS class,
    statements.id::text,
    coalesce(statements.currency, %(currency)s) AS currency,
    abs(coalesce(statements.proof_difference, 0)) AS stake,
    statements.since,
    statements.until,
    statements.number,
    NULL::date AS missing_since
FROM statements
WHERE
    statements.account = %(account)s AND statements.proof = 'unproven'
    AND statements.since < %(until)s AND coalesce(statements.until, statements.since) >= %(since)s
UNION ALL
SELECT
    'gap',
    statements.id::text,
    coalesce(statements.currency, %(currency)s),
    abs(coalesce(statements.opening - earlier.closing, 0)),
    statements.since,
    statements.until,
    statements.number,
    earlier.until
FROM statements
LEFT JOIN statements AS earlier ON earlier.id = statements.follows
WHERE
    statements.account = %(account)s AND statements.gap = 'gap'
    AND least(earlier.until + 1, statements.since) < %(until)s AND least(earlier.until + 1, statements.since) >= %(since)s
ORDER BY 1, 5, 6, 7
