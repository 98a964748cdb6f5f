-- What waits for each target of exports in force, since when, and what it has refused. Counted up to a limit.
SELECT export_targets.slug, waiting.number, waiting.oldest, refused.number
FROM export_targets
CROSS JOIN LATERAL (
    SELECT count(*) AS number, min(created_at) AS oldest
    FROM (
        SELECT created_at
        FROM exports
        WHERE exports.target = export_targets.slug AND state IN ('waiting', 'sent_unknown')
        ORDER BY due_at
        LIMIT %(limit)s
    ) AS counted
) AS waiting
CROSS JOIN LATERAL (
    SELECT count(*) AS number
    FROM (
        SELECT
        FROM exports
        WHERE exports.target = export_targets.slug AND state = 'refused'
        LIMIT %(limit)s
    ) AS counted
) AS refused
WHERE export_targets.removed_at IS NULL
