-- Proven bank statements whose balances and lines do not add up. Of a file that overlaps others only the lines that were
-- new are on record. If it begins and ends no earlier than the last statement before its import, those lines lead from the
-- balance of that one to its own. Otherwise they are in the middle of others, and are not checked here.
SELECT statements.id::text, starts.balance + coalesce(booked.amount, 0) - statements.closing, statements.currency
FROM statements
LEFT JOIN LATERAL (
    SELECT last.since, last.until, last.closing, last.proof
    FROM statements AS last
    WHERE last.account = statements.account AND last.imported_at < statements.imported_at
    ORDER BY last.until DESC NULLS LAST, last.imported_at DESC
    LIMIT 1
) AS earlier ON statements.known > 0
LEFT JOIN LATERAL (
    SELECT sum(amount) AS amount
    FROM statement_lines
    WHERE statement_lines.statement_id = statements.id AND NOT statement_lines.pending
) AS booked ON true
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN statements.known = 0 THEN statements.opening
            WHEN
                earlier.proof = 'proven' AND earlier.since <= statements.since AND earlier.until <= statements.until
                THEN earlier.closing
        END AS balance
) AS starts
WHERE
    statements.proof = 'proven'
    AND starts.balance IS NOT NULL
    AND starts.balance + coalesce(booked.amount, 0) <> statements.closing
ORDER BY statements.imported_at, statements.id
