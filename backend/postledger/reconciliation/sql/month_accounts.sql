-- The bank accounts of a month: those in force, and those that have a statement with days of it.
SELECT
    slug,
    settings ->> 'currency' AS currency,
    removed_at IS NULL AND settings ->> 'expected' IS NOT NULL AS is_expected
FROM bank_accounts
WHERE
    removed_at IS NULL
    OR EXISTS (
        SELECT FROM statements
        WHERE statements.account = bank_accounts.slug AND since < %(until)s AND coalesce(until, since) >= %(since)s
    )
ORDER BY slug
