-- The work items about some conversions, lines of statements, bills and receivables, the oldest first.
WITH found AS (
    SELECT id FROM discrepancies WHERE dedup_key = ANY(%(dedup_keys)s::uuid [])
    UNION
    SELECT id FROM discrepancies WHERE bill_id = ANY(%(bill_ids)s::uuid [])
    UNION
    SELECT id FROM discrepancies WHERE receivable_id = ANY(%(receivable_ids)s::uuid [])
    UNION
    SELECT items.id
    FROM unnest(%(statement_ids)s::uuid [], %(line_nos)s::integer []) AS line (statement_id, line_no)
    JOIN discrepancies AS items ON items.statement_id = line.statement_id AND items.line_no = line.line_no
)

SELECT
    items.id, items.kind, items.class,
    CASE items.class WHEN 'after_lock' THEN items.facts ->> 'class' END AS late_class, items.period, items.state, items.owner, items.stake, items.currency,
    items.resolution, items.opened_at, items.changed_at, items.dedup_key::text, items.statement_id::text,
    items.line_no, items.bill_id::text, items.receivable_id::text
FROM found
JOIN discrepancies AS items ON items.id = found.id
ORDER BY items.opened_at, items.id
LIMIT %(limit)s
