-- The parts of a line that people have confirmed, each with the payee of what it pays.
SELECT
    coalesce(bills.payee, receivables.payee),
    matches.part,
    matches.amount,
    coalesce(matches.bill_id, matches.receivable_id)::text,
    CASE WHEN matches.bill_id IS NOT NULL THEN 'bill' WHEN matches.receivable_id IS NOT NULL THEN 'receivable' END,
    matches.applied_amount,
    matches.applied_currency
FROM matches
LEFT JOIN bills ON bills.id = matches.bill_id
LEFT JOIN receivables ON receivables.id = matches.receivable_id
WHERE matches.statement_id = %(statement)s AND matches.line_no = %(line_no)s AND matches.state = 'confirmed'
ORDER BY matches.nth
