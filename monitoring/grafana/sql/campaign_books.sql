-- Each campaign's books for the time range: a line for each, and in it each currency by itself. Counted apart and then
-- joined: a join of clicks with conversions would count a click for each of its conversions.
WITH clicked AS (
    SELECT campaign_id, count(*) AS clicks
    FROM clicks
    WHERE $__timeFilter(created_at)
    GROUP BY campaign_id
),
converted AS (
    SELECT campaign_id,
           currency,
           count(*) AS conversions,
           sum(payout) FILTER (WHERE status = 'approved') AS approved
    FROM conversions
    WHERE $__timeFilter(created_at)
    GROUP BY campaign_id, currency
),
booked AS (
    SELECT campaign_id,
           sum(conversions)::bigint AS conversions,
           string_agg(to_char(approved, 'FM999,999,999,990.00') || ' ' || coalesce(currency, '?'), ' + ' ORDER BY currency)
               AS approved
    FROM converted
    GROUP BY campaign_id
)
SELECT campaigns.slug AS campaign,
       coalesce(clicked.clicks, 0) AS clicks,
       coalesce(booked.conversions, 0) AS conversions,
       booked.conversions::float8 / clicked.clicks AS rate,
       booked.approved AS "approved payout"
FROM campaigns
LEFT JOIN clicked ON clicked.campaign_id = campaigns.id
LEFT JOIN booked ON booked.campaign_id = campaigns.id
WHERE clicked.clicks > 0 OR booked.conversions > 0
ORDER BY conversions DESC, campaigns.slug
LIMIT 100
