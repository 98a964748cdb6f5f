-- Takes a portion of clicks from the client.
COPY imported_clicks (click_id, campaign_id, affiliate_id, subs, created_at) FROM STDIN (FORMAT binary)
