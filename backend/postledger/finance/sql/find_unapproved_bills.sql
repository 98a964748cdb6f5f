-- Bills that are approved or exported, and that neither a rule nor people approved.
SELECT number
FROM bills
WHERE
    state IN ('approved', 'exported') AND approved_by_rule IS NULL
    AND NOT EXISTS (
        SELECT FROM approvals
        WHERE
            approvals.subject = 'bill' AND approvals.subject_id = bills.id::text AND approvals.state = 'approved'
    )
ORDER BY number
