-- The bills of each month, currency and state, whenever they were made; the newest month first. What a bill carries is part
-- of the next one, so it is not a sum of money.
SELECT to_char(period, 'YYYY-MM') AS month,
       state,
       currency,
       count(*) AS bills,
       sum(amount)::float8 AS amount,
       sum(paid)::float8 AS paid
FROM bills
GROUP BY period, state, currency
ORDER BY period DESC, state, currency
LIMIT 100
