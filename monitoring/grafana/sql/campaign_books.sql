-- Each campaign's books for the time range, a line for each currency. Counted apart and then joined: a join of clicks with
-- conversions would count a click for each of its conversions.
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
)
SELECT campaigns.slug AS campaign,
       coalesce(clicked.clicks, 0) AS clicks,
       coalesce(converted.conversions, 0) AS conversions,
       converted.conversions::float8 / clicked.clicks AS rate,
       converted.approved::float8 AS "approved payout",
       converted.currency AS currency
FROM campaigns
LEFT JOIN clicked ON clicked.campaign_id = campaigns.id
LEFT JOIN converted ON converted.campaign_id = campaigns.id
WHERE (clicked.clicks > 0 OR converted.conversions > 0)
ORDER BY approved DESC NULLS LAST, campaigns.slug
