-- Takes the oldest changes out of the outbox, each with its conversion. It is one statement, hence one snapshot: a change
-- and its conversion were committed together, so both are seen or neither. The row ids are collected first, because
-- Postgres would join the whole outbox otherwise. `following` is the next change of the same conversion: its values
-- before are the state after this change. Each LIMIT 1 makes a look-up by the key for each change: as a join, a plan that
-- Postgres made while the table was small would read the whole table every time.
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
    conversion.id::text, conversion.source_id, sources.slug, conversion.campaign_id, campaigns.slug,
    conversion.affiliate_id, conversion.event, conversion.transaction_id, conversion.click_id,
    conversion.created_at, conversion.event_time, coalesce(conversion.revision, 1),
    conversion.status, conversion.payout, conversion.currency,
    following.status_before, following.payout_before, following.currency_before
FROM taken
CROSS JOIN LATERAL (
    SELECT * FROM conversions
    WHERE conversions.dedup_key = taken.dedup_key
    LIMIT 1
) AS conversion
LEFT JOIN sources ON sources.id = conversion.source_id
LEFT JOIN campaigns ON campaigns.id = conversion.campaign_id
LEFT JOIN LATERAL (
    SELECT status_before, payout_before, currency_before
    FROM conversion_events
    WHERE
        conversion.revision > taken.revision
        AND conversion_events.dedup_key = taken.dedup_key AND conversion_events.revision = taken.revision + 1
    LIMIT 1
) AS following ON true
ORDER BY taken.received_at, taken.dedup_key, taken.revision
