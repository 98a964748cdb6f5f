-- Stores the staged clicks whose ids are new. They are sorted, because the index then grows in one place: a million
-- inserts in random order would each read another page.
INSERT INTO clicks (click_id, campaign_id, affiliate_id, subs, created_at, is_imported)
SELECT click_id, campaign_id, affiliate_id, subs, created_at, true FROM imported_clicks ORDER BY click_id
ON CONFLICT (click_id) DO NOTHING
