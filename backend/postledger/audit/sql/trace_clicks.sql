-- The clicks of some conversions and postbacks.
SELECT click_id, campaigns.slug AS campaign, affiliate_id, subs, label_notes, clicks.created_at
FROM clicks
LEFT JOIN campaigns ON campaigns.id = campaign_id
WHERE click_id = ANY(%(click_ids)s::text[])
ORDER BY clicks.created_at, click_id
LIMIT %(limit)s
