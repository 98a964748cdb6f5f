-- The expense rules of the lines that requests hold, by themselves or by a bill.
SELECT DISTINCT held.approval_id::text, line.rule
FROM approval_lines AS held
JOIN expense_lines AS line ON line.dedup_key = held.dedup_key AND line.seq = held.seq
WHERE held.approval_id = ANY(%(ids)s::uuid []) AND line.rule = ANY(%(slugs)s)
UNION
SELECT DISTINCT approvals.id::text, line.rule
FROM approvals
JOIN bill_items ON bill_items.bill_id = approvals.subject_id::uuid
JOIN expense_lines AS line ON line.dedup_key = bill_items.dedup_key AND line.seq = bill_items.seq
WHERE approvals.id = ANY(%(bill_ids)s::uuid []) AND line.rule = ANY(%(slugs)s)
