-- The statements of a bank account that have days of a month, oldest first.
SELECT
    id::text,
    format,
    number,
    since,
    coalesce(until, since) AS until,
    opening,
    closing,
    lines,
    proof,
    proof_difference,
    gap,
    -- The first one of its account, with a closing balance only: no statement before can give the other one.
    follows IS NULL AND opening IS NULL AND closing IS NOT NULL AND faults = 0 AS lacks_opening
FROM statements
WHERE account = %(account)s AND since < %(until)s AND coalesce(until, since) >= %(since)s
ORDER BY since, coalesce(until, since), imported_at
