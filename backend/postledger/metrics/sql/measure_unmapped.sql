-- Conversions whose money is not mapped, by reason. The last line of a conversion says how it is booked now. An unmapped
-- one that was taken back has no reason to be counted: its unmapped lines sum to 0, and the last one is not itself 0, as
-- it is where the amount is missing. Of all unmapped lines the newest are looked at, up to a limit.
SELECT last.unmapped, count(*)
FROM (
    SELECT DISTINCT dedup_key
    FROM (
        SELECT dedup_key
        FROM expense_lines
        WHERE unmapped IS NOT NULL
        ORDER BY created_at DESC
        LIMIT %(limit)s
    ) AS newest
) AS conversion
CROSS JOIN LATERAL (
    SELECT seq, unmapped, amount, currency
    FROM expense_lines
    WHERE dedup_key = conversion.dedup_key
    ORDER BY seq DESC
    LIMIT 1
) AS last
WHERE
    last.unmapped IS NOT NULL
    AND (
        last.seq = 1 -- nothing was taken back yet; this spares most of the sums
        OR last.amount = 0
        OR (
            SELECT sum(amount)
            FROM expense_lines AS line
            WHERE
                line.dedup_key = conversion.dedup_key AND line.currency = last.currency
                AND line.unmapped IS NOT NULL
        ) <> 0
    )
GROUP BY last.unmapped
