-- Receivables of a month that are due and not paid. A receivable belongs to the first bank account of its currency, or to
-- the first of all. It is due when the month is over and the last of its lines can be billed.
SELECT
    receivables.id::text, receivables.number, receivables.payee, receivables.currency, receivables.amount,
    receivables.received,
    greatest(%(until)s::date, max(lines.billable_from)) AS due_on
FROM receivables
JOIN expense_lines AS lines
    ON
        lines.payee = receivables.payee AND lines.period = receivables.period
        AND lines.currency = receivables.currency AND lines.direction = 'receivable' AND lines.unmapped IS NULL
WHERE
    receivables.period = %(period)s AND receivables.amount > receivables.received
    AND %(account)s = (
        SELECT bank_accounts.slug
        FROM bank_accounts
        WHERE bank_accounts.removed_at IS NULL
        ORDER BY bank_accounts.settings ->> 'currency' <> receivables.currency, bank_accounts.slug
        LIMIT 1
    )
GROUP BY receivables.id
HAVING greatest(%(until)s::date, max(lines.billable_from)) <= %(today)s
ORDER BY receivables.number
