-- What the lines of a report sum to, by currency, and what of them is matched with a conversion. Only approved and reversed
-- lines are money.
SELECT
    lines.currency,
    count(*) FILTER (WHERE lines.status IN ('approved', 'reversed')) AS report_lines,
    coalesce(sum(lines.amount) FILTER (WHERE lines.status IN ('approved', 'reversed')), 0) AS report,
    count(*) FILTER (WHERE is_matched.line_no IS NOT NULL AND lines.status IN ('approved', 'reversed')) AS matched_lines,
    coalesce(
        sum(lines.amount) FILTER (WHERE is_matched.line_no IS NOT NULL AND lines.status IN ('approved', 'reversed')), 0
    ) AS matched
FROM statement_lines AS lines
LEFT JOIN
    (
        SELECT DISTINCT line_no
        FROM matches
        WHERE statement_id = %(statement_id)s AND state IN ('matched', 'confirmed') AND dedup_key IS NOT NULL
    ) AS is_matched
    ON is_matched.line_no = lines.line_no
WHERE lines.statement_id = %(statement_id)s
GROUP BY lines.currency
