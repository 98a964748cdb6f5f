-- What is due, by payee, currency, period and heading.
SELECT payee, currency, period, category, account, tax_code, sum(amount), count(*)
FROM due_lines
GROUP BY payee, currency, period, category, account, tax_code
ORDER BY payee, currency, period
