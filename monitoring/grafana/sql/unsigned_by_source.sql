-- Conversions of this time whose payout no signature vouches for, and how much that is; the most of them first.
SELECT sources.slug AS source,
       count(*) AS conversions,
       sum(conversions.payout)::float8 AS payout,
       conversions.currency AS currency
FROM conversions
LEFT JOIN sources ON sources.id = conversions.source_id
WHERE 'payout' = ANY(conversions.unsigned) AND $__timeFilter(conversions.created_at)
GROUP BY sources.slug, conversions.currency
ORDER BY conversions DESC
LIMIT 100
