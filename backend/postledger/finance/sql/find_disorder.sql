-- Conversions whose lines are not numbered from 1 without a gap, or with a line that adjusts none of their accruals.
SELECT DISTINCT conversion_id::text
FROM (
    SELECT conversion_id
    FROM expense_lines
    GROUP BY dedup_key, conversion_id
    HAVING min(seq) <> 1 OR max(seq) <> count(*)
    UNION ALL
    SELECT line.conversion_id
    FROM expense_lines AS line
    LEFT JOIN expense_lines AS accrual
        ON accrual.dedup_key = line.dedup_key AND accrual.seq = line.adjusts AND accrual.kind = 'accrual'
    WHERE line.adjusts IS NOT NULL AND accrual.seq IS NULL
) AS disordered
ORDER BY 1
