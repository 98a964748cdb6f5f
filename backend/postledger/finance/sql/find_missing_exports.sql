-- Approved bills that a target in force has no row for. The lock keeps a bill from being cancelled meanwhile; one that
-- is being changed now is found in the next round.
SELECT bills.id, export_targets.slug
FROM bills
CROSS JOIN export_targets
WHERE
    bills.state = 'approved' AND export_targets.removed_at IS NULL
    AND NOT EXISTS (
        SELECT FROM exports
        WHERE exports.bill_id = bills.id AND exports.target = export_targets.slug
    )
LIMIT %(limit)s
FOR SHARE OF bills SKIP LOCKED
