-- What the lines of this time sum to, by direction, category and currency; the largest first.
SELECT direction,
       coalesce(category, '(unmapped)') AS category,
       currency,
       count(*) AS lines,
       sum(amount)::float8 AS amount
FROM expense_lines
WHERE $__timeFilter(created_at)
GROUP BY direction, category, currency
ORDER BY 5 DESC
LIMIT 100
