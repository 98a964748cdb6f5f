-- How many bank statements of months that are not locked do not add up, or have a gap before them, by account. Accounts
-- in force with none count 0.
SELECT bank_accounts.slug, count(statements.id)
FROM bank_accounts
LEFT JOIN
    statements
    ON
        statements.account = bank_accounts.slug
        AND (statements.proof = 'unproven' OR statements.gap = 'gap')
        AND NOT EXISTS (
            SELECT
            FROM periods
            WHERE periods.period = date_trunc('month', statements.until)::date AND periods.state = 'locked'
        )
WHERE bank_accounts.removed_at IS NULL
GROUP BY bank_accounts.slug
