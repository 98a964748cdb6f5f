-- Affiliates whose rate is far from their campaign's. Of n clicks, each of which converts with the campaign's probability p,
-- n*p conversions are expected, give or take sqrt(n*p*(1-p)): the deviation is counted in those.
WITH clicked AS (
    SELECT campaign_id, affiliate_id, count(*)::float8 AS clicks
    FROM clicks
    WHERE affiliate_id IS NOT NULL AND campaign_id IS NOT NULL AND $__timeFilter(created_at)
    GROUP BY campaign_id, affiliate_id
),
paid AS (
    SELECT campaign_id, affiliate_id, currency, count(*)::float8 AS conversions, avg(payout) AS mean
    FROM conversions
    WHERE $__timeFilter(created_at)
    GROUP BY campaign_id, affiliate_id, currency
),
converted AS (
    SELECT campaign_id,
           affiliate_id,
           sum(conversions) AS conversions,
           string_agg(to_char(mean, 'FM999,999,990.00') || ' ' || coalesce(currency, '?'), ', ' ORDER BY currency)
               AS mean_payout
    FROM paid
    GROUP BY campaign_id, affiliate_id
),
rated AS (
    SELECT clicked.campaign_id,
           clicked.affiliate_id,
           clicked.clicks,
           coalesce(converted.conversions, 0) AS conversions,
           converted.mean_payout,
           least(sum(coalesce(converted.conversions, 0)) OVER one_campaign / sum(clicked.clicks) OVER one_campaign, 1)
               AS usual
    FROM clicked
    LEFT JOIN converted USING (campaign_id, affiliate_id)
    WINDOW one_campaign AS (PARTITION BY clicked.campaign_id)
)
SELECT rated.affiliate_id AS affiliate,
       campaigns.slug AS campaign,
       rated.clicks::bigint AS clicks,
       rated.conversions::bigint AS conversions,
       rated.conversions / rated.clicks AS rate,
       rated.usual AS "campaign's rate",
       rated.mean_payout AS "mean payout",
       round(((rated.conversions - rated.clicks * rated.usual)
           / nullif(sqrt(rated.clicks * rated.usual * (1 - rated.usual)), 0))::numeric, 1)::float8 AS deviation
FROM rated
JOIN campaigns ON campaigns.id = rated.campaign_id
WHERE rated.clicks >= 20
ORDER BY abs(rated.conversions - rated.clicks * rated.usual)
    / nullif(sqrt(rated.clicks * rated.usual * (1 - rated.usual)), 0) DESC NULLS LAST
LIMIT 15
