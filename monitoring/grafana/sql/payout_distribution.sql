-- How often a source pays what: payouts rounded to two significant digits, the commonest thirty of them, by amount.
WITH paid AS (
    SELECT conversions.currency,
           conversions.payout,
           round(conversions.payout, 1 - floor(log(conversions.payout))::int) AS about
    FROM conversions
    JOIN sources ON sources.id = conversions.source_id
    WHERE sources.slug = ${source:sqlstring} AND conversions.payout > 0 AND $__timeFilter(conversions.created_at)
),
commonest AS (
    SELECT currency, about, count(*) AS conversions
    FROM paid
    GROUP BY currency, about
    ORDER BY conversions DESC
    LIMIT 30
)
SELECT trim_scale(about)::text || ' ' || coalesce(currency, '?') AS payout, conversions
FROM commonest
ORDER BY currency, about
