-- Leases the oldest deliveries of a forward that are due, each with its conversion as the change left it. A delivery waits
-- while an earlier one of the same conversion waits. The row ids are collected first, because Postgres would join the
-- whole table otherwise. Earlier ones are looked up by the key for each row: as a join, or by `state`, Postgres would at
-- times walk all that waits. `following` is the next change of the conversion: its values before are the state after this one.
-- A label is the one of the postback, else the one of its click. A conversion without a time happened when it was received.
WITH leased AS (
    UPDATE deliveries
    SET leased_until = %(until)s
    WHERE ctid = ANY(ARRAY(
        SELECT due.ctid FROM deliveries AS due
        WHERE
            due.forward = %(forward)s AND due.state = 'waiting' AND due.is_backfill = %(is_backfill)s
            AND due.due_at <= %(now)s AND (due.leased_until IS NULL OR due.leased_until <= %(now)s)
            AND NOT EXISTS (
                SELECT FROM deliveries AS earlier
                WHERE
                    earlier.dedup_key = due.dedup_key AND earlier.forward = due.forward
                    AND earlier.settled_at IS NULL AND earlier.revision < due.revision
                OFFSET 0
            )
        ORDER BY due.due_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
    RETURNING dedup_key, forward, receipt, revision, is_backfill, attempts, due_at
)

SELECT
    leased.dedup_key::text, leased.receipt::text, leased.attempts, first_attempt.at,
    leased.receipt::text, leased.revision, conversions.id::text, sources.slug, conversions.event,
    coalesce(following.status_before, conversions.status), conversions.click_id, conversions.transaction_id,
    campaigns.slug, conversions.affiliate_id,
    CASE WHEN following.status_before IS NULL THEN conversions.payout ELSE following.payout_before END,
    CASE WHEN following.status_before IS NULL THEN conversions.currency ELSE following.currency_before END,
    coalesce(conversions.event_time, conversions.created_at),
    coalesce(click.subs, '{}') || coalesce(conversions.subs, '{}'), leased.is_backfill
FROM leased
JOIN conversions ON conversions.dedup_key = leased.dedup_key
JOIN sources ON sources.id = conversions.source_id
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
LEFT JOIN LATERAL (
    SELECT status_before, payout_before, currency_before
    FROM conversion_events
    WHERE
        conversions.revision > leased.revision
        AND conversion_events.dedup_key = leased.dedup_key AND conversion_events.revision = leased.revision + 1
    LIMIT 1 -- a look-up by the key for each row; as a join, Postgres would at times read the whole table
) AS following ON true
LEFT JOIN LATERAL (
    SELECT subs
    FROM clicks
    WHERE clicks.click_id = conversions.click_id
    LIMIT 1
) AS click ON true
LEFT JOIN LATERAL (
    SELECT at
    FROM delivery_attempts
    WHERE
        leased.attempts > 0
        AND delivery_attempts.dedup_key = leased.dedup_key AND delivery_attempts.forward = leased.forward
        AND delivery_attempts.receipt = leased.receipt AND delivery_attempts.attempt = 1
    LIMIT 1
) AS first_attempt ON true
ORDER BY leased.due_at
