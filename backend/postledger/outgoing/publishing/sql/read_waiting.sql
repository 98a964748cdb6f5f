-- Reads what is published next, each change with its conversion, in the order of work: first what is new, then some of what
-- was refused and is due. Of one conversion only the earliest change that waits is read. Earlier ones are looked up by the
-- key for each row: as a join, Postgres would at times walk all that waits. `own` is the change itself in the history,
-- `following` the next one: its values before are the state after this one. The time of the opening stands only in
-- the conversion, until a later change replaces it. A label is the one of the postback, else the
-- one of its click. All is read at the moment of sending, so that what was erased is not sent.
WITH batch AS MATERIALIZED (
    (
        SELECT fresh.dedup_key, fresh.receipt, fresh.revision, fresh.kind, fresh.received_at, fresh.refusals
        FROM publications AS fresh
        WHERE
            fresh.published_at IS NULL AND fresh.due_at IS NULL
            AND NOT EXISTS (
                SELECT FROM publications AS earlier
                WHERE
                    earlier.dedup_key = fresh.dedup_key AND earlier.published_at IS NULL
                    AND earlier.revision < fresh.revision
                OFFSET 0
            )
        ORDER BY fresh.received_at, fresh.dedup_key, fresh.revision
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT refused.dedup_key, refused.receipt, refused.revision, refused.kind, refused.received_at, refused.refusals
        FROM publications AS refused
        WHERE
            refused.published_at IS NULL AND refused.due_at IS NOT NULL AND refused.due_at <= %(now)s
            AND NOT EXISTS (
                SELECT FROM publications AS earlier
                WHERE
                    earlier.dedup_key = refused.dedup_key AND earlier.published_at IS NULL
                    AND earlier.revision < refused.revision
                OFFSET 0
            )
        ORDER BY refused.due_at
        LIMIT %(retries)s
    )
)

SELECT
    batch.refusals, batch.receipt::text, batch.dedup_key::text, batch.kind, batch.revision, batch.received_at,
    CASE WHEN following.status_before IS NULL THEN conversions.status ELSE following.status_before END,
    CASE WHEN following.status_before IS NULL THEN conversions.payout ELSE following.payout_before END,
    CASE WHEN following.status_before IS NULL THEN conversions.currency ELSE following.currency_before END,
    own.status_before, own.payout_before, own.currency_before, own.transaction_id,
    CASE WHEN conversions.revision = 1 THEN conversions.event_time ELSE own.event_time END,
    conversions.id::text, coalesce(conversions.revision, 1), sources.slug, campaigns.slug, conversions.affiliate_id,
    conversions.event, conversions.transaction_id, conversions.click_id,
    coalesce(click.subs, '{}') || coalesce(conversions.subs, '{}'),
    conversions.status, conversions.payout, conversions.currency, conversions.event_time, conversions.created_at
FROM batch
JOIN conversions ON conversions.dedup_key = batch.dedup_key
JOIN sources ON sources.id = conversions.source_id
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
LEFT JOIN LATERAL (
    SELECT status_before, payout_before, currency_before, transaction_id, event_time
    FROM conversion_events
    WHERE
        batch.revision > 1 AND batch.kind <> 'backfilled'
        AND conversion_events.dedup_key = batch.dedup_key AND conversion_events.revision = batch.revision
    LIMIT 1 -- a look-up by the key for each row; as a join, Postgres would at times read the whole table
) AS own ON true
LEFT JOIN LATERAL (
    SELECT status_before, payout_before, currency_before
    FROM conversion_events
    WHERE
        conversions.revision > batch.revision
        AND conversion_events.dedup_key = batch.dedup_key AND conversion_events.revision = batch.revision + 1
    LIMIT 1
) AS following ON true
LEFT JOIN LATERAL (
    SELECT subs
    FROM clicks
    WHERE clicks.click_id = conversions.click_id
    LIMIT 1
) AS click ON true
ORDER BY batch.received_at, batch.dedup_key, batch.revision
