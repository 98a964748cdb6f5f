-- The bills of a month that are not cancelled, by currency.
SELECT
    currency,
    count(*) AS number,
    sum(amount) AS due,
    sum(paid) AS settled
FROM bills
WHERE period = %(period)s AND state <> 'cancelled'
GROUP BY currency
ORDER BY currency
