-- The clicks that a batch of postbacks names.
SELECT click_id, campaign_id, affiliate_id
FROM clicks
WHERE click_id = ANY(%s::text[])
