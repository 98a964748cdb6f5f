-- What the current reports of other months of this source pay for conversions that are not claimed, or that happened in
-- another month. `earlier`: in the months before this one.
CREATE TEMPORARY TABLE elsewhere AS
SELECT
    asked.dedup_key,
    coalesce(sum(line.worth) FILTER (WHERE line.period < %(period)s), 0) AS earlier,
    count(*) FILTER (WHERE line.period < %(period)s)::integer AS earlier_lines,
    min(line.period) FILTER (WHERE line.worth > 0) AS paid_in
FROM (
    SELECT dedup_key, transaction_id, event
    FROM ledger_side
    WHERE
        transaction_id IS NOT NULL
        AND (NOT in_books OR NOT EXISTS (SELECT FROM claims WHERE claims.dedup_key = ledger_side.dedup_key))
) AS asked
CROSS JOIN LATERAL (
    SELECT
        statements.period,
        CASE
            WHEN
                lines.status IN ('pending', 'approved') OR (lines.status = 'reversed' AND lines.amount < 0)
                THEN lines.amount
            ELSE 0
        END AS worth
    FROM statement_lines AS lines
    JOIN statements ON statements.id = lines.statement_id
    WHERE
        lines.transaction_id = asked.transaction_id
        AND statements.source_id = %(source_id)s AND statements.period <> %(period)s AND statements.replaced_at IS NULL
) AS line
GROUP BY asked.dedup_key
