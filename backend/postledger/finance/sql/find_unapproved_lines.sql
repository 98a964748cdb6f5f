-- Conversions with a line on a bill that neither a rule nor people approved. Before the first approval rules nothing
-- needed approval, so a bill from then needs none.
SELECT DISTINCT line.conversion_id::text
FROM bill_items AS items
JOIN bills ON bills.id = items.bill_id
JOIN expense_lines AS line ON line.dedup_key = items.dedup_key AND line.seq = items.seq
LEFT JOIN line_approvals AS earlier ON earlier.dedup_key = items.dedup_key AND earlier.seq = items.seq
WHERE
    line.approved_by_rule IS NULL AND earlier.rule IS NULL
    AND EXISTS (SELECT FROM approval_rules WHERE approval_rules.since <= bills.created_at)
    AND NOT EXISTS (
        SELECT
        FROM approval_lines AS held
        JOIN approvals ON approvals.id = held.approval_id
        WHERE held.dedup_key = items.dedup_key AND held.seq = items.seq AND approvals.state = 'approved'
    )
ORDER BY 1
