-- Bills, newest first, each with the request that waits for people. A bill that was paid shows that as its state.
SELECT
    bills.id::text, bills.number, bills.payee, payees.name AS payee_name, bills.period, bills.currency, bills.exact,
    bills.carried_in, bills.amount, bills.carried_out,
    (SELECT sum(lines.items)::bigint FROM bill_lines AS lines WHERE lines.bill_id = bills.id) AS items,
    shown.state, bills.paid, bills.approved_by_rule, waiting.id::text AS waiting_request, bills.created_by, bills.created_at,
    bills.updated_at
FROM bills
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN bills.state NOT IN ('approved', 'exported') OR bills.paid <= 0 THEN bills.state
            WHEN bills.paid < bills.amount THEN 'partly_paid'
            ELSE 'paid'
        END AS state
) AS shown
LEFT JOIN payees ON payees.id = bills.payee
LEFT JOIN approvals AS waiting
    ON waiting.subject_id = bills.id::text AND waiting.subject = 'bill' AND waiting.state = 'waiting'
WHERE
    (%(ids)s::uuid [] IS NULL OR bills.id = ANY(%(ids)s))
    AND (%(payee)s::text IS NULL OR bills.payee = %(payee)s)
    AND (%(period)s::date IS NULL OR bills.period = %(period)s)
    AND (%(currency)s::text IS NULL OR bills.currency = %(currency)s)
    AND (%(state)s::text IS NULL OR shown.state = %(state)s)
ORDER BY bills.created_at DESC, bills.period DESC, bills.number DESC
LIMIT %(limit)s::bigint
