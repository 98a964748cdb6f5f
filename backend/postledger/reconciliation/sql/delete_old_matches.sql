-- Deletes the matches of this report that the run did not make again, and those of the reports that it replaced. What
-- people decided stays.
WITH RECURSIVE reports AS (
    SELECT id, replaces FROM statements WHERE id = %(statement_id)s
    UNION
    SELECT statements.id, statements.replaces
    FROM reports
    JOIN statements ON statements.id = reports.replaces
),

decided AS (
    SELECT DISTINCT line_no
    FROM matches
    WHERE
        statement_id = %(statement_id)s
        AND (state = 'confirmed' OR (method = 'by_hand' AND state = 'matched'))
),

wanted AS (
    SELECT report_lines.line_no, claims.dedup_key, CASE WHEN claims.is_decided THEN 'transaction_id' ELSE claims.method END AS method, 'matched' AS state
    FROM report_lines
    JOIN claims ON claims.group_no = report_lines.group_no
    LEFT JOIN decided ON decided.line_no = report_lines.line_no
    WHERE NOT report_lines.is_duplicate AND decided.line_no IS NULL
    UNION ALL
    SELECT report_lines.line_no, candidates.dedup_key, 'amount_time', 'proposed'
    FROM report_lines
    JOIN candidates ON candidates.group_no = report_lines.group_no
    WHERE NOT report_lines.is_duplicate
),

gone AS (
    SELECT old.statement_id, old.line_no, old.nth
    FROM matches AS old
    LEFT JOIN wanted
        ON
            old.statement_id = %(statement_id)s AND wanted.line_no = old.line_no
            AND wanted.dedup_key = old.dedup_key AND wanted.method = old.method AND wanted.state = old.state
    WHERE
        old.statement_id = ANY(ARRAY(SELECT id FROM reports))
        AND old.state IN ('matched', 'proposed') AND old.method <> 'by_hand' AND wanted.line_no IS NULL
)

DELETE FROM matches USING gone
WHERE
    matches.statement_id = ANY(ARRAY(SELECT id FROM reports)) -- so that the matches of other reports are not read
    AND matches.statement_id = gone.statement_id AND matches.line_no = gone.line_no AND matches.nth = gone.nth
