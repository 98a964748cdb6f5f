-- Receivables of a month that are due and not paid. A receivable that has a work item stays with its account, so that what
-- people did with it stays. Any other one belongs to the first bank account of its currency, or to the first of all. It is
-- due when the month is over and the last of its lines can be billed.
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
    AND %(account)s = coalesce(
        (
            SELECT items.account
            FROM discrepancies AS items
            JOIN bank_accounts ON bank_accounts.slug = items.account AND bank_accounts.removed_at IS NULL
            WHERE
                items.kind = 'bank' AND items.period = receivables.period AND items.receivable_id = receivables.id
                AND 'overdue_receivable' IN (items.class, items.facts ->> 'class')
            ORDER BY items.state = 'gone', items.id
            LIMIT 1
        ),
        (
            SELECT bank_accounts.slug
            FROM bank_accounts
            WHERE bank_accounts.removed_at IS NULL
            ORDER BY bank_accounts.settings ->> 'currency' <> receivables.currency, bank_accounts.slug
            LIMIT 1
        )
    )
GROUP BY receivables.id
HAVING greatest(%(until)s::date, max(lines.billable_from)) <= %(today)s
ORDER BY receivables.number
