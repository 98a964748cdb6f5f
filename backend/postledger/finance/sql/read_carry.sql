-- What the bills of payees carry, by currency and heading, and the last month that was billed.
SELECT
    bills.payee, bills.currency, lines.category, lines.account, lines.tax_code,
    sum(lines.exact - lines.amount), max(bills.period)
FROM bills
JOIN bill_lines AS lines ON lines.bill_id = bills.id
WHERE bills.payee = ANY(%s) AND bills.state <> 'cancelled'
GROUP BY bills.payee, bills.currency, lines.category, lines.account, lines.tax_code
HAVING sum(lines.exact - lines.amount) <> 0
