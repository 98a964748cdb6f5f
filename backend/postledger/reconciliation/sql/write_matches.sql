-- Writes which conversion each line is, and what is proposed. A line that a person decided on has that match only.
INSERT INTO matches (
    statement_id, line_no, nth, dedup_key, part, amount, currency, method, state, proposal, reasons, run_id, matched_at
)
WITH decided AS (
    SELECT DISTINCT line_no
    FROM matches
    WHERE
        statement_id = %(statement_id)s
        AND (state = 'confirmed' OR (method = 'by_hand' AND state = 'matched'))
),

wanted AS (
    SELECT
        report_lines.line_no, report_lines.amount, report_lines.currency, claims.dedup_key,
        CASE WHEN claims.is_decided THEN 'transaction_id' ELSE claims.method END AS method,
        'matched' AS state, NULL::integer AS proposal, NULL::text [] AS reasons
    FROM report_lines
    JOIN claims ON claims.group_no = report_lines.group_no
    LEFT JOIN decided ON decided.line_no = report_lines.line_no
    WHERE NOT report_lines.is_duplicate AND decided.line_no IS NULL
    UNION ALL
    SELECT
        report_lines.line_no, report_lines.amount, report_lines.currency, candidates.dedup_key, 'amount_time',
        'proposed', candidates.proposal, candidates.reasons
    FROM report_lines
    JOIN candidates ON candidates.group_no = report_lines.group_no
    WHERE NOT report_lines.is_duplicate
),

known AS (
    SELECT line_no, max(nth) AS nth
    FROM matches
    WHERE statement_id = %(statement_id)s
    GROUP BY line_no
)

SELECT
    %(statement_id)s,
    wanted.line_no,
    coalesce(known.nth, 0) + coalesce(wanted.proposal, 1),
    wanted.dedup_key,
    'payment',
    wanted.amount,
    wanted.currency,
    wanted.method,
    wanted.state,
    wanted.proposal,
    wanted.reasons,
    %(id)s,
    %(now)s
FROM wanted
LEFT JOIN known ON known.line_no = wanted.line_no
WHERE
    NOT EXISTS (
        SELECT FROM matches AS old
        WHERE
            old.statement_id = %(statement_id)s AND old.line_no = wanted.line_no AND old.dedup_key = wanted.dedup_key
            AND old.method = wanted.method AND old.state = wanted.state
    )
ORDER BY wanted.line_no -- so that the primary key grows at its right edge
