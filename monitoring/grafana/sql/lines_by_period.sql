-- What the lines of this time sum to, by the month of the books, direction and currency; the newest month first.
SELECT to_char(period, 'YYYY-MM') AS month,
       direction,
       currency,
       sum(amount)::float8 AS amount,
       sum(amount) FILTER (WHERE period <> origin_period)::float8 AS "of earlier months"
FROM expense_lines
WHERE $__timeFilter(created_at)
GROUP BY period, direction, currency
ORDER BY period DESC, direction, currency
LIMIT 100
