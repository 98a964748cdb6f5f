-- The work items of each month that are not settled, by class, state and currency: how many, and what is at stake; the
-- newest month and the largest stake first.
SELECT to_char(period, 'YYYY-MM') AS month,
       class,
       state,
       currency,
       count(*) AS items,
       sum(stake)::float8 AS stake,
       extract(EPOCH FROM now() - min(opened_at))::float8 AS "the oldest"
FROM discrepancies
WHERE state IN ('open', 'assigned', 'disputed')
GROUP BY period, class, state, currency
ORDER BY period DESC, stake DESC
LIMIT 100
