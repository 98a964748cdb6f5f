-- Reads the circuit of each forward, whether it was retired, and when its first delivery is due, live and backfilled.
SELECT
    slug, circuit, failures, failing_since, circuit_until, removed_at IS NOT NULL,
    (
        SELECT min(due_at) FROM deliveries
        WHERE forward = slug AND NOT is_backfill AND state = 'waiting'
    ),
    (
        SELECT min(due_at) FROM deliveries
        WHERE forward = slug AND is_backfill AND state = 'waiting'
    )
FROM forwards
