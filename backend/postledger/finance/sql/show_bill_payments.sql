-- The bank lines that pay a bill, or take a payment back, by day.
SELECT
    coalesce(lines.booked_on, lines.valued_on) AS day,
    statements.account,
    matches.statement_id::text,
    matches.line_no,
    matches.applied_amount AS paid,
    matches.applied_currency AS currency,
    matches.amount AS amount_of_line,
    matches.currency AS currency_of_line,
    matches.method,
    matches.state
FROM matches
JOIN statements ON statements.id = matches.statement_id
JOIN statement_lines AS lines ON lines.statement_id = matches.statement_id AND lines.line_no = matches.line_no
WHERE
    matches.bill_id = %s AND matches.undone_at IS NULL
    AND matches.part = 'payment' AND matches.state IN ('matched', 'confirmed')
ORDER BY 1, 3, 4
