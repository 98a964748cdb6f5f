-- The newest rate of each currency on its day that is not too old.
SELECT wanted.currency, wanted.day, newest.rate, newest.on_day
FROM unnest(%s::text [], %s::date []) AS wanted (currency, day)
CROSS JOIN LATERAL (
    SELECT rates.rate, rates.on_day
    FROM rates
    WHERE rates.base = %s AND rates.currency = wanted.currency
        AND rates.on_day <= wanted.day AND rates.on_day >= wanted.day - %s::integer
    ORDER BY rates.on_day DESC LIMIT 1
) AS newest
