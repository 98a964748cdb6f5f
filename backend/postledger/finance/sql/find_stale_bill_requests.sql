-- Approved requests about bills that are not exported, of payees that were changed after the request was made. Whether
-- what was approved is still the same is for the caller to find out.
SELECT approvals.id::text, approvals.content_sha256
FROM bills
JOIN approvals ON approvals.subject = 'bill' AND approvals.subject_id = bills.id::text
JOIN payees ON payees.id = bills.payee
WHERE
    bills.state IN ('waiting', 'approved')
    AND (bills.payee = ANY(%(payees)s) OR bills.id = ANY(%(bill_ids)s::uuid []))
    AND approvals.state = 'approved'
    AND payees.updated_at > approvals.created_at
ORDER BY approvals.id
FOR UPDATE OF approvals
