-- The next conversions by dedup key that have payable lines which no rule names. Some of these lines may be settled
-- otherwise, see `find_unjudged_lines.sql`.
SELECT dedup_key::text
FROM (
    SELECT DISTINCT line.dedup_key
    FROM expense_lines AS line
    WHERE
        line.dedup_key > %(after)s::uuid
        AND line.direction = 'payable' AND line.payee IS NOT NULL AND line.unmapped IS NULL
        AND line.approved_by_rule IS NULL
        AND NOT EXISTS (
            SELECT FROM line_approvals
            WHERE line_approvals.dedup_key = line.dedup_key AND line_approvals.seq = line.seq
        )
    ORDER BY line.dedup_key
    LIMIT %(limit)s
) AS found
