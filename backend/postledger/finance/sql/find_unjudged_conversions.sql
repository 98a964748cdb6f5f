-- The next conversions by dedup key that have payable lines which name no rule that approves them. These may be settled
-- otherwise, see `find_unjudged_lines.sql`. Not to look that up here keeps the search a walk along the key.
SELECT dedup_key::text
FROM (
    SELECT DISTINCT line.dedup_key
    FROM expense_lines AS line
    WHERE
        line.dedup_key > %(after)s::uuid
        AND line.direction = 'payable' AND line.payee IS NOT NULL AND line.unmapped IS NULL
        AND line.approved_by_rule IS NULL
    ORDER BY line.dedup_key
    LIMIT %(limit)s
) AS found
