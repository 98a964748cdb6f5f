-- Stores one batch of clicks. A known id is skipped: ids are random, so it can only be the same write again.
INSERT INTO clicks (click_id, campaign_id, affiliate_id, subs, created_at, label_notes)
SELECT click_id, campaign_id, affiliate_id, subs, created_at, label_notes
FROM json_to_recordset(%s::json) AS click (
    click_id text, campaign_id integer, affiliate_id text, subs jsonb, created_at timestamptz, label_notes jsonb
)
ON CONFLICT (click_id) DO NOTHING
