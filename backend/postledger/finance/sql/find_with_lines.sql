-- Which of some conversions have lines. One that has lines is followed whenever it was opened. It is a look-up by the key
-- for each, see `read_lines.sql`.
SELECT wanted.key::text
FROM unnest(%s::uuid []) AS wanted (key)
CROSS JOIN LATERAL (
    SELECT FROM expense_lines
    WHERE expense_lines.dedup_key = wanted.key
    LIMIT 1
) AS line
