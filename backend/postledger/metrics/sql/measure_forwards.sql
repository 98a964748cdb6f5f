-- The circuit of each forward, how many deliveries wait, and since when. Each is counted along its own part of the index,
-- up to a limit.
SELECT slug, circuit, backlog.waiting, backlog.oldest
FROM forwards
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, min(created_at) AS oldest
    FROM (
        SELECT created_at
        FROM deliveries
        WHERE forward = slug AND state = 'waiting'
        ORDER BY is_backfill, due_at
        LIMIT %(limit)s
    ) AS first
) AS backlog
WHERE removed_at IS NULL
