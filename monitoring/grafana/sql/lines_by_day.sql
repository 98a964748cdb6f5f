-- What was booked on each day (UTC) on which lines were written, for each direction and currency. Adjustments and remaps are
-- in it, so a day can be negative. Columns: time, metric (direction and currency), value.
SELECT greatest(date_bin('1 day', created_at, timestamptz 'epoch'), $__timeFrom()) AS "time",
       direction || ' ' || currency AS metric,
       sum(amount)::float8 AS value
FROM expense_lines
WHERE $__timeFilter(created_at)
GROUP BY 1, 2
ORDER BY 1
