-- Conversions with money for a payee that is neither approved nor asked about. What a request held and what took it back
-- sum to nothing. Lines from before the first rules count once these have judged them.
WITH judged AS (
    SELECT
        line.dedup_key, line.conversion_id, line.currency, line.payee, line.amount,
        CASE
            WHEN request.is_open THEN true
            WHEN request.is_agreed IS NOT NULL THEN request.is_agreed
            ELSE line.approved_by_rule IS NOT NULL OR line_approvals.rule IS NOT NULL
        END AS is_decided,
        request.is_agreed IS NULL AND line.approved_by_rule IS NULL AND line_approvals.rule IS NULL
        AND line.created_at < (SELECT min(since) FROM approval_rules) AS is_earlier
    FROM expense_lines AS line
    LEFT JOIN (
        SELECT
            approval_lines.dedup_key, approval_lines.seq,
            bool_or(approvals.state = 'approved') AS is_agreed,
            bool_or(approvals.state IN ('waiting', 'rejected', 'returned')) AS is_open
        FROM approval_lines
        JOIN approvals ON approvals.id = approval_lines.approval_id
        WHERE approvals.subject IN ('line', 'payee_day')
        GROUP BY approval_lines.dedup_key, approval_lines.seq
    ) AS request ON request.dedup_key = line.dedup_key AND request.seq = line.seq
    LEFT JOIN line_approvals ON line_approvals.dedup_key = line.dedup_key AND line_approvals.seq = line.seq
    WHERE line.direction = 'payable' AND line.payee IS NOT NULL AND line.unmapped IS NULL
)

SELECT conversion_id::text
FROM judged
WHERE EXISTS (SELECT FROM approval_rules)
GROUP BY dedup_key, conversion_id, currency, payee
HAVING sum(amount) FILTER (WHERE NOT is_decided) <> 0 AND NOT bool_or(is_earlier)
ORDER BY 1
