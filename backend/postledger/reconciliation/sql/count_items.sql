-- The number and the stake of what was found, by class and currency, and what became of it.
SELECT
    class,
    currency,
    count(*) AS number,
    trim_scale(sum(stake))::text AS stake,
    count(*) FILTER (WHERE step = 'new') AS new,
    count(*) FILTER (WHERE step = 'reopened') AS reopened
FROM compared_items
GROUP BY class, currency
ORDER BY class, currency
