-- What is unmapped, whenever it was written, by reason, source and currency; the largest first. A remap takes an unmapped
-- line back by another one of the same reason, so what is mapped by now sums to 0.
WITH summed AS (
    SELECT unmapped AS reason, source_id, currency, sum(amount)::float8 AS amount
    FROM expense_lines
    WHERE unmapped IS NOT NULL
    GROUP BY unmapped, source_id, currency
)
SELECT summed.reason, sources.slug AS source, summed.currency, summed.amount
FROM summed
LEFT JOIN sources ON sources.id = summed.source_id
WHERE summed.amount <> 0
ORDER BY summed.amount DESC
LIMIT 100
