-- The parts of an account's lines that are matched and stay so, since a day. A line that is returned takes one of them back.
SELECT
    lines.statement_id::text,
    lines.line_no,
    coalesce(lines.valued_on, lines.booked_on) AS day,
    lines.amount,
    lines.currency,
    lines.counterparty_account_hash,
    lines.end_to_end,
    matches.method,
    matches.part,
    matches.amount,
    coalesce(matches.bill_id, matches.receivable_id)::text,
    CASE WHEN matches.bill_id IS NOT NULL THEN 'bill' WHEN matches.receivable_id IS NOT NULL THEN 'receivable' END,
    matches.applied_amount,
    matches.applied_currency
FROM statements
JOIN statement_lines AS lines ON lines.statement_id = statements.id
JOIN matches ON matches.statement_id = lines.statement_id AND matches.line_no = lines.line_no
WHERE
    statements.account = %(account)s
    AND coalesce(lines.booked_on, lines.valued_on) >= %(looked_back)s
    AND matches.state IN ('matched', 'confirmed')
ORDER BY lines.statement_id, lines.line_no, matches.nth
