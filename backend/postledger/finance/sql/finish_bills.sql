-- Marks approved bills as exported that every target in force has. Without a target no bill is exported.
UPDATE bills
SET state = 'exported', updated_at = %(now)s
WHERE
    state = 'approved' AND (%(bills)s::uuid [] IS NULL OR id = any(%(bills)s::uuid []))
    AND EXISTS (SELECT FROM exports WHERE exports.bill_id = bills.id AND exports.state = 'exported')
    AND NOT EXISTS (
        SELECT FROM export_targets
        LEFT JOIN exports ON exports.target = export_targets.slug AND exports.bill_id = bills.id
        WHERE export_targets.removed_at IS NULL AND exports.state IS DISTINCT FROM 'exported'
    )
