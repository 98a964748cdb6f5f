-- Proven bank statements whose balances and lines do not add up. Of a file that overlaps another one only the lines that
-- were new are on record, so those lead from the balance before it to its own.
SELECT statements.id::text, starts.balance + coalesce(booked.amount, 0) - statements.closing, statements.currency
FROM statements
LEFT JOIN statements AS earlier ON earlier.id = statements.follows
LEFT JOIN LATERAL (
    SELECT sum(amount) AS amount
    FROM statement_lines
    WHERE statement_lines.statement_id = statements.id AND NOT statement_lines.pending
) AS booked ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN statements.known = 0 THEN statements.opening ELSE earlier.closing END AS balance
) AS starts
WHERE
    statements.proof = 'proven'
    AND starts.balance IS NOT NULL
    AND starts.balance + coalesce(booked.amount, 0) <> statements.closing
ORDER BY statements.imported_at, statements.id
