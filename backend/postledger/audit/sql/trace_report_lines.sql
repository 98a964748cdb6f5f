-- The lines of networks' reports with some transaction ids, or that are matched with some conversions, or one by its place.
-- `state` of the report: whether it counts, or a newer one does.
WITH found AS (
    SELECT statement_id, line_no FROM statement_lines WHERE transaction_id = ANY(%(transaction_ids)s::text [])
    UNION
    SELECT statement_id, line_no FROM matches WHERE dedup_key = ANY(%(dedup_keys)s::uuid [])
    UNION
    SELECT statement_id, line_no FROM statement_lines
    WHERE statement_id = %(statement_id)s::uuid AND line_no = %(line_no)s::integer
)

SELECT
    lines.statement_id::text, lines.line_no, matched.dedup_key::text, sources.slug AS source, statements.format,
    statements.file_name, statements.period,
    CASE WHEN statements.replaced_at IS NULL THEN 'current' ELSE 'replaced' END AS state, statements.imported_at,
    statements.imported_by, lines.booked_on, lines.happened_at, lines.transaction_id, lines.click_id, lines.event,
    lines.amount, lines.currency, lines.fee, lines.status, lines.status_word, matched.method,
    matched.state AS match_state, matched.reasons
FROM found
JOIN statement_lines AS lines ON lines.statement_id = found.statement_id AND lines.line_no = found.line_no
JOIN statements ON statements.id = lines.statement_id AND statements.kind = 'network'
LEFT JOIN sources ON sources.id = statements.source_id
LEFT JOIN matches AS matched
    ON
        matched.statement_id = lines.statement_id AND matched.line_no = lines.line_no AND matched.undone_at IS NULL
        AND matched.dedup_key IS NOT NULL
ORDER BY statements.imported_at, lines.line_no, matched.nth
LIMIT %(limit)s
