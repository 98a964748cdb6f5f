-- Stores the rates of a file that are new or differ, and counts both.
WITH differing AS (
    SELECT new_rates.currency, new_rates.on_day, new_rates.rate, rates.rate IS NULL AS is_new
    FROM new_rates
    LEFT JOIN rates
        ON rates.base = %(base)s AND rates.currency = new_rates.currency AND rates.on_day = new_rates.on_day
    WHERE rates.rate IS DISTINCT FROM new_rates.rate
),

stored AS (
    INSERT INTO rates (base, currency, on_day, rate, origin, imported_at)
    SELECT %(base)s, differing.currency, differing.on_day, differing.rate, %(origin)s, %(now)s
    FROM differing
    ON CONFLICT (base, currency, on_day) DO UPDATE
    SET rate = excluded.rate, origin = excluded.origin, imported_at = excluded.imported_at
)

SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM differing
