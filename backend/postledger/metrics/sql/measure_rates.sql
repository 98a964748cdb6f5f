-- The newest day for which there is a rate. It steps from currency to currency along the key, because the table has a
-- row for each currency and day of 25 years.
WITH RECURSIVE known AS (
    (SELECT base, currency FROM rates ORDER BY base, currency LIMIT 1)
    UNION ALL
    SELECT following.base, following.currency
    FROM known
    CROSS JOIN LATERAL (
        SELECT rates.base, rates.currency
        FROM rates
        WHERE (rates.base, rates.currency) > (known.base, known.currency)
        ORDER BY rates.base, rates.currency
        LIMIT 1
    ) AS following
)
SELECT max(latest.on_day)
FROM known
CROSS JOIN LATERAL (
    SELECT rates.on_day
    FROM rates
    WHERE rates.base = known.base AND rates.currency = known.currency
    ORDER BY rates.on_day DESC
    LIMIT 1
) AS latest
