-- Deletes a portion of expired clicks, except those that converted meanwhile.
DELETE FROM clicks
WHERE click_id = ANY(%s::text[]) AND NOT EXISTS (SELECT FROM conversions WHERE conversions.click_id = clicks.click_id)
