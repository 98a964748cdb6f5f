-- Contestant (d): what one request writes, as one transaction of prepared statements, with nothing but pgbench before it.
\set click random(1, :clicks)
BEGIN;
SELECT
    campaign_id, affiliate_id, click_id,
    (
        lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15)
    )::uuid AS receipt
FROM clicks WHERE click_id = to_hex(1790000000000 + (:click)::bigint * 40) || '-' || substr(md5((:click)::bigint::text), 1, 22) \gset
INSERT INTO conversions (
    dedup_key, id, source_id, event, transaction_id, click_id, campaign_id, affiliate_id,
    status, source_status, payout, currency, subs, event_time, created_at, updated_at
)
VALUES (
    gen_random_uuid(), :receipt, :source_id, 'sale', md5(random()::text), :click_id, :campaign_id, :affiliate_id,
    'approved', NULL, 0.50, 'USD', NULL, NULL, now(), now()
)
ON CONFLICT (dedup_key) DO NOTHING;
INSERT INTO postbacks (
    id, received_at, source_id, source_ip, method, verdict, conversion_id, secret_id,
    event, click_id, transaction_id, status, source_status, payout, currency, event_time, raw
)
VALUES (
    :receipt, now(), :source_id, '127.0.0.1', 'GET', 'accepted', :receipt, :secret_id,
    'sale', :click_id, md5(random()::text), 'approved', NULL, 0.50, 'USD', NULL,
    convert_to('click_id=' || :click_id || '&payout=0.50&currency=USD&affiliate_id=456&event=sale&transaction_id=4f1d2c3b-run-1-12345&ts=1790000000', 'UTF8')
);
COMMIT;
