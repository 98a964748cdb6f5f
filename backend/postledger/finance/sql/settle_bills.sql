-- Moves bills to the state that they should be in. A bill is approved if its rule or people approved it, and if no
-- change of its payee is to be approved.
UPDATE bills
SET state = judged.state, updated_at = %(now)s
FROM (
    SELECT
        open.id,
        CASE
            WHEN EXISTS (
                SELECT FROM approvals AS change
                WHERE
                    change.subject_id = open.payee AND change.subject = 'payee_change'
                    AND change.state IN ('waiting', 'rejected', 'returned')
            ) THEN 'waiting'
            WHEN open.approved_by_rule IS NOT NULL THEN 'approved'
            WHEN EXISTS (
                SELECT FROM approvals
                WHERE
                    approvals.subject_id = open.id::text AND approvals.subject = 'bill'
                    AND approvals.state = 'approved'
            ) THEN 'approved'
            ELSE 'waiting'
        END AS state
    FROM bills AS open
    WHERE open.id = ANY(%(ids)s::uuid [])
) AS judged
WHERE bills.id = judged.id AND bills.state <> judged.state
