-- Work items that are not settled, and whose facts are not on record. A statement that an operator has taken out is no
-- fault: the next run ends the items of its lines.
SELECT items.id, missing.what
FROM discrepancies AS items
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN items.facts = '{}' OR jsonb_typeof(items.facts) <> 'object' THEN 'reason'
            WHEN
                items.dedup_key IS NOT NULL
                AND NOT EXISTS (SELECT FROM conversions WHERE conversions.dedup_key = items.dedup_key)
                THEN 'conversion'
            WHEN
                items.line_no IS NOT NULL
                AND EXISTS (SELECT FROM statements WHERE statements.id = items.statement_id)
                AND NOT EXISTS (
                    SELECT
                    FROM statement_lines
                    WHERE
                        statement_lines.statement_id = items.statement_id AND statement_lines.line_no = items.line_no
                )
                THEN 'line of a statement'
            WHEN
                items.bill_id IS NOT NULL AND NOT EXISTS (SELECT FROM bills WHERE bills.id = items.bill_id)
                THEN 'bill'
            WHEN
                items.receivable_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM receivables WHERE receivables.id = items.receivable_id)
                THEN 'receivable'
        END AS what
) AS missing
WHERE items.state IN ('open', 'assigned', 'disputed') AND missing.what IS NOT NULL
ORDER BY items.id
