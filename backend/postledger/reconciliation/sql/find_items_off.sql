-- Bills and receivables of a line that are paid beyond their amount, taken back beyond what was paid, or cannot be paid.
WITH parts AS (
    SELECT bill_id, receivable_id, state
    FROM matches
    WHERE statement_id = %(statement)s AND line_no = %(line_no)s AND part = 'payment' AND state IN ('confirmed', 'undone')
)

SELECT bills.number, bills.paid, bills.amount, bills.state
FROM bills
WHERE
    bills.id IN (SELECT bill_id FROM parts)
    AND (
        bills.paid > bills.amount OR bills.paid < 0
        OR (
            bills.state NOT IN ('approved', 'exported')
            AND bills.id IN (SELECT bill_id FROM parts WHERE state = 'confirmed')
        )
    )
UNION ALL
SELECT receivables.number, receivables.received, receivables.amount, 'open'
FROM receivables
WHERE
    receivables.id IN (SELECT receivable_id FROM parts)
    AND (
        receivables.received < 0
        OR (
            receivables.received > receivables.amount
            AND receivables.id IN (SELECT receivable_id FROM parts WHERE state = 'confirmed')
        )
    )
