-- How many changes wait, and since when. After an outage millions wait: they are counted up to a limit along the key, and
-- beyond it Postgres' own estimate is taken. And how many were set aside, which are few.
SELECT
    CASE WHEN counted.waiting < %(limit)s THEN counted.waiting ELSE greatest(counted.waiting, estimated.waiting) END,
    (SELECT min(received_at) FROM outbox),
    (SELECT count(*) FROM set_aside_changes)
FROM
    (
        SELECT count(*) AS waiting
        FROM (SELECT received_at FROM outbox ORDER BY received_at, dedup_key, receipt LIMIT %(limit)s) AS first
    ) AS counted,
    (SELECT coalesce(pg_stat_get_live_tuples('outbox'::regclass), 0) AS waiting) AS estimated
