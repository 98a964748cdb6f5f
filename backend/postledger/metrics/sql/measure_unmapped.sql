-- Conversions whose money is not mapped, by reason. A remap takes an unmapped line back by another one, so the unmapped
-- lines of a conversion and currency sum to what is still unmapped. Of the lines the newest are looked at, up to a limit.
SELECT newest.unmapped, count(*)
FROM (
    SELECT DISTINCT ON (dedup_key, currency) dedup_key, currency, unmapped
    FROM (
        SELECT dedup_key, currency, unmapped, seq
        FROM expense_lines
        WHERE unmapped IS NOT NULL
        ORDER BY created_at DESC
        LIMIT %(limit)s
    ) AS looked_at
    ORDER BY dedup_key, currency, seq DESC
) AS newest
WHERE
    (
        SELECT sum(amount)
        FROM expense_lines AS line
        WHERE line.dedup_key = newest.dedup_key AND line.currency = newest.currency AND line.unmapped IS NOT NULL
    ) <> 0
GROUP BY newest.unmapped
