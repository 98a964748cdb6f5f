-- Leases the oldest deliveries of a forward that are due, each with its conversion as the change left it. A delivery waits
-- while an earlier one of the same conversion waits. The row ids are collected first, because Postgres would join the
-- whole table otherwise. `following` is the next change of the conversion: its values before are the state after this one.
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
                    AND earlier.state = 'waiting' AND earlier.revision < due.revision
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
    conversions.event_time, conversions.subs, leased.is_backfill
FROM leased
JOIN conversions ON conversions.dedup_key = leased.dedup_key
JOIN sources ON sources.id = conversions.source_id
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
LEFT JOIN conversion_events AS following
    ON following.dedup_key = leased.dedup_key AND following.revision = leased.revision + 1
LEFT JOIN delivery_attempts AS first_attempt
    ON
        first_attempt.dedup_key = leased.dedup_key AND first_attempt.forward = leased.forward
        AND first_attempt.receipt = leased.receipt AND first_attempt.attempt = 1
ORDER BY leased.due_at
