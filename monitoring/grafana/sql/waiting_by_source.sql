-- What waits for approval, whenever it was made, a line for each source and currency; the longest wait first.
SELECT sources.slug AS source,
       conversions.currency AS currency,
       count(*) AS conversions,
       sum(conversions.payout)::float8 AS payout,
       extract(epoch FROM now() - min(conversions.created_at))::float8 AS "the oldest",
       extract(epoch FROM now() - max(conversions.created_at))::float8 AS "the newest"
FROM conversions
LEFT JOIN sources ON sources.id = conversions.source_id
WHERE conversions.status = 'pending'
GROUP BY sources.slug, conversions.currency
ORDER BY "the oldest" DESC
LIMIT 100
