-- Takes the oldest changes out of the outbox, each with its conversion. It is one statement, hence one snapshot: a change
-- and its conversion were committed together, so both are seen or neither. The row ids are collected first, because
-- Postgres would join the whole outbox otherwise. `following` is the next change of the same conversion: its values
-- before are the state after this change.
WITH taken AS (
    DELETE FROM outbox
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM outbox
        ORDER BY received_at, dedup_key, receipt
        LIMIT %s
    ))
    RETURNING received_at, dedup_key, receipt, revision, kind
)

SELECT
    taken.received_at, taken.dedup_key::text, taken.receipt::text, taken.revision, taken.kind,
    conversions.id::text, conversions.source_id, sources.slug, conversions.campaign_id, campaigns.slug,
    conversions.affiliate_id, conversions.event, conversions.transaction_id, conversions.click_id,
    conversions.created_at, conversions.event_time, coalesce(conversions.revision, 1),
    conversions.status, conversions.payout, conversions.currency,
    following.status_before, following.payout_before, following.currency_before
FROM taken
JOIN conversions ON conversions.dedup_key = taken.dedup_key
LEFT JOIN sources ON sources.id = conversions.source_id
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
LEFT JOIN LATERAL (
    SELECT status_before, payout_before, currency_before
    FROM conversion_events
    WHERE
        conversions.revision > taken.revision
        AND conversion_events.dedup_key = taken.dedup_key AND conversion_events.revision = taken.revision + 1
    LIMIT 1 -- a look-up by the key for each row; as a join, Postgres would at times read the whole table
) AS following ON true
ORDER BY taken.received_at, taken.dedup_key, taken.revision
