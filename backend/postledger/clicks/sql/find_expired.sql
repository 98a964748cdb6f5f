-- The clicks from before a time that no conversion belongs to.
SELECT click_id FROM clicks
WHERE created_at < %s AND NOT EXISTS (SELECT FROM conversions WHERE conversions.click_id = clicks.click_id)
