-- Leases the oldest exports that are due to a target. Each becomes `sent_unknown` before it is sent, so that after a
-- crash it is looked up there. A bill that was cancelled meanwhile is never leased.
WITH due AS (
    SELECT exports.bill_id, exports.target, exports.state
    FROM exports
    JOIN bills ON bills.id = exports.bill_id
    WHERE
        exports.target = %(target)s AND exports.state IN ('waiting', 'sent_unknown') AND exports.due_at <= %(now)s
        AND (exports.leased_until IS NULL OR exports.leased_until <= %(now)s)
        AND bills.state IN ('approved', 'exported')
    ORDER BY exports.due_at, exports.created_at, bills.number
    LIMIT %(limit)s
    FOR UPDATE OF exports SKIP LOCKED
),

leased AS (
    UPDATE exports
    SET state = 'sent_unknown', attempts = exports.attempts + 1, leased_until = %(until)s
    FROM due
    WHERE exports.bill_id = due.bill_id AND exports.target = due.target
    RETURNING exports.bill_id, due.state, exports.attempts, exports.content_sha256
)

SELECT leased.bill_id, leased.state, leased.attempts, leased.content_sha256
FROM leased
JOIN bills ON bills.id = leased.bill_id
ORDER BY bills.number
