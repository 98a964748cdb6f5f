-- What each day's (UTC) conversions are worth by the status in which they stand, a line for each currency, the newest first.
SELECT to_char(date_bin('1 day', created_at, timestamptz 'epoch') AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
       currency AS currency,
       count(*) AS conversions,
       sum(payout) FILTER (WHERE status = 'pending')::float8 AS pending,
       sum(payout) FILTER (WHERE status = 'approved')::float8 AS approved,
       sum(payout) FILTER (WHERE status = 'rejected')::float8 AS rejected,
       sum(payout) FILTER (WHERE status = 'reversed')::float8 AS reversed
FROM conversions
WHERE $__timeFilter(created_at)
    AND source_id IS DISTINCT FROM (SELECT id FROM sources WHERE slug = 'postledger-selftest')
GROUP BY 1, 2
ORDER BY 1 DESC, 2
LIMIT 100
