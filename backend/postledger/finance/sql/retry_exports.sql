-- Makes exports due now that were refused or wait. One that is being sent now is left alone. Counts them by their state.
WITH found AS (
    SELECT exports.bill_id, exports.target, exports.state
    FROM exports
    JOIN bills ON bills.id = exports.bill_id
    JOIN export_targets ON export_targets.slug = exports.target
    WHERE
        exports.state <> 'exported' AND (exports.state <> 'refused' OR %(refused)s)
        AND bills.state IN ('approved', 'exported') AND export_targets.removed_at IS NULL
        AND (exports.leased_until IS NULL OR exports.leased_until <= %(now)s)
        AND (%(bill)s::text IS NULL OR bills.number = %(bill)s OR bills.id::text = %(bill)s)
        AND (%(target)s::text IS NULL OR exports.target = %(target)s)
    FOR UPDATE OF exports SKIP LOCKED
),

retried AS (
    UPDATE exports
    SET
        state = CASE WHEN exports.state = 'refused' THEN 'waiting' ELSE exports.state END,
        due_at = %(now)s, updated_at = %(now)s
    FROM found
    WHERE exports.bill_id = found.bill_id AND exports.target = found.target
    RETURNING found.state
)

SELECT state, count(*) FROM retried GROUP BY state
