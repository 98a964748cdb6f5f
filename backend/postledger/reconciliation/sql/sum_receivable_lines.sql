-- What networks owe us, by payee, month and currency, and what is on record of it.
SELECT due.payee, due.period, due.currency, due.amount, receivables.amount
FROM (
    SELECT payee, period, currency, sum(amount) AS amount
    FROM expense_lines
    WHERE direction = 'receivable' AND payee IS NOT NULL AND unmapped IS NULL AND period <= %s
    GROUP BY payee, period, currency
) AS due
LEFT JOIN receivables
    ON receivables.payee = due.payee AND receivables.period = due.period AND receivables.currency = due.currency
ORDER BY due.period, due.payee, due.currency
