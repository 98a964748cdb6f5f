-- Bills that were not carried what the bills of their payee and currency before them left over. A cancelled bill carries
-- from its making to its end. If each bill is carried the right amount, all bills and what the last one carries sum to
-- all lines that were billed.
WITH events AS (
    SELECT payee, currency, created_at AS at, 1 AS rank, period, nth, exact - amount AS left_over, number, carried_in
    FROM bills
    UNION ALL
    SELECT payee, currency, updated_at, 0, period, nth, amount - exact, NULL, NULL
    FROM bills
    WHERE state = 'cancelled'
),

followed AS (
    SELECT
        number, carried_in,
        sum(left_over) OVER (
            PARTITION BY payee, currency ORDER BY at, rank, period, nth
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS carried
    FROM events
)

SELECT number
FROM followed
WHERE number IS NOT NULL AND carried_in <> coalesce(carried, 0)
ORDER BY number
