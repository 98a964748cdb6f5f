-- Lists the forwards in force: the circuit, what waits, how much of it waits behind an earlier change of its conversion, and
-- when something was last delivered.
SELECT
    forwards.slug, forwards.circuit, forwards.failures, forwards.failing_since, forwards.circuit_until,
    coalesce(waiting.number, 0) AS waiting, coalesce(waiting.behind, 0) AS behind, waiting.oldest, coalesce(failed.number, 0) AS failed,
    forwards.delivered_at AS last_success
FROM forwards
LEFT JOIN (
    SELECT forward, count(*) AS number, count(*) - count(DISTINCT dedup_key) AS behind, min(created_at) AS oldest
    FROM deliveries
    WHERE state = 'waiting'
    GROUP BY forward
) AS waiting ON waiting.forward = forwards.slug
LEFT JOIN (
    SELECT forward, count(*) AS number FROM deliveries
    WHERE state = 'failed'
    GROUP BY forward
) AS failed ON failed.forward = forwards.slug
WHERE forwards.removed_at IS NULL
ORDER BY forwards.slug
