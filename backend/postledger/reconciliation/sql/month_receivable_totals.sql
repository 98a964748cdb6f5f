-- The receivables of a month by currency.
SELECT
    currency,
    count(*) AS number,
    sum(amount) AS due,
    sum(received) AS settled
FROM receivables
WHERE period = %(period)s
GROUP BY currency
ORDER BY currency
