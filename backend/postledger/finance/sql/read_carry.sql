-- What the bills of payees carry, by currency and heading, and the last month that was billed. A changed payee gets
-- nothing until the change is approved.
SELECT
    bills.payee, bills.currency, lines.category, lines.account, lines.tax_code,
    sum(lines.exact - lines.amount), max(bills.period)
FROM bills
JOIN bill_lines AS lines ON lines.bill_id = bills.id
WHERE
    bills.payee = ANY(%s) AND bills.state <> 'cancelled'
    AND NOT EXISTS (
        SELECT FROM approvals AS change
        WHERE
            change.subject_id = bills.payee AND change.subject = 'payee_change'
            AND change.state IN ('waiting', 'rejected', 'returned')
    )
GROUP BY bills.payee, bills.currency, lines.category, lines.account, lines.tax_code
HAVING sum(lines.exact - lines.amount) <> 0
