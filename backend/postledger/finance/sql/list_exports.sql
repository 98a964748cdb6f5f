-- Exports with their bills, the newest first. A lease shows that one is being sent.
SELECT
    bills.number AS bill, exports.target, exports.state, exports.attempts, exports.reference, exports.fault,
    CASE WHEN exports.state IN ('waiting', 'sent_unknown') THEN exports.due_at END AS due_at,
    exports.created_at, exports.updated_at
FROM exports
JOIN bills ON bills.id = exports.bill_id
WHERE
    (%(bill)s::text IS NULL OR bills.number = %(bill)s OR bills.id::text = %(bill)s)
    AND (%(target)s::text IS NULL OR exports.target = %(target)s)
    AND (%(states)s::text [] IS NULL OR exports.state = any(%(states)s::text []))
ORDER BY exports.created_at DESC, bills.number DESC, exports.target
LIMIT %(limit)s
