-- Proven bank statements whose balances and lines do not add up. Of a file that overlaps others only the lines that were
-- new are on record, so it cannot be proven again by itself.
SELECT statements.id::text, statements.opening + coalesce(booked.amount, 0) - statements.closing, statements.currency
FROM statements
LEFT JOIN LATERAL (
    SELECT sum(amount) AS amount
    FROM statement_lines
    WHERE statement_lines.statement_id = statements.id AND NOT statement_lines.pending
) AS booked ON true
WHERE
    statements.proof = 'proven'
    AND statements.known = 0
    AND statements.opening + coalesce(booked.amount, 0) <> statements.closing
ORDER BY statements.imported_at, statements.id
