-- The bank accounts whose statements are expected, each with its statements that have a day of a month or are later.
SELECT
    accounts.slug, accounts.settings ->> 'expected', accounts.settings ->> 'currency',
    statements.id::text, statements.since, statements.until, statements.proof, statements.gap, statements.proof_difference,
    statements.follows IS NULL AND statements.opening IS NULL AND statements.closing IS NOT NULL AND statements.faults = 0
FROM bank_accounts AS accounts
LEFT JOIN statements
    ON statements.account = accounts.slug AND statements.until >= %(first_day)s AND statements.since IS NOT NULL
WHERE accounts.removed_at IS NULL AND accounts.settings ->> 'expected' IS NOT NULL
ORDER BY accounts.slug, statements.since, statements.id
