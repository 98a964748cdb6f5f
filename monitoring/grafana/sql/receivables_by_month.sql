-- What networks owe for each month, and what the bank shows of it, by currency; the newest month first.
SELECT to_char(period, 'YYYY-MM') AS month,
       currency,
       count(*) AS receivables,
       sum(amount)::float8 AS due,
       sum(received)::float8 AS received,
       sum(amount - received)::float8 AS missing
FROM receivables
GROUP BY period, currency
ORDER BY period DESC, currency
LIMIT 100
