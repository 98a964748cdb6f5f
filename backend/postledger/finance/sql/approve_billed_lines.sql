-- Lines that were billed while nothing needed approval.
INSERT INTO line_approvals (dedup_key, seq, rule)
SELECT line.dedup_key, line.seq, %(rule)s
FROM expense_lines AS line
JOIN bill_items ON bill_items.dedup_key = line.dedup_key AND bill_items.seq = line.seq
WHERE
    line.dedup_key = ANY(%(keys)s::uuid []) AND line.approved_by_rule IS NULL
    AND NOT EXISTS (
        SELECT FROM approval_lines
        WHERE approval_lines.dedup_key = line.dedup_key AND approval_lines.seq = line.seq
    )
ON CONFLICT (dedup_key, seq) DO NOTHING
