-- The known conversions that a batch repeats, locked in the order of their keys until the batch commits, each with what
-- changed it before. `is_stale`: another transaction changed the conversion while this statement waited for the
-- lock. The conversion is then as that transaction left it, but its past is as this statement's snapshot shows it.
SELECT
    locked.dedup_key::text, locked.id::text, click_id, campaign_id, status, payout, currency, event_time, source_status, unsigned,
    coalesce(revision, 1), updated_at,
    version IS DISTINCT FROM (
        SELECT seen.ctid FROM conversions AS seen WHERE seen.dedup_key = locked.dedup_key
    ) AS is_stale,
    past.kinds, past.payouts_before, past.amounts, past.times, past.refund_ids
FROM (
    SELECT
        ctid AS version, dedup_key, id, click_id, campaign_id, status, payout, currency, event_time, source_status, unsigned,
        revision, updated_at
    FROM conversions
    WHERE dedup_key = ANY(%s::uuid[])
    ORDER BY dedup_key
    FOR UPDATE
) AS locked
CROSS JOIN LATERAL (
    SELECT
        array_agg(kind) AS kinds, array_agg(payout_before) AS payouts_before, array_agg(payout) AS amounts,
        array_agg(event_time) AS times, array_agg(transaction_id) AS refund_ids
    FROM conversion_events
    WHERE conversion_events.dedup_key = locked.dedup_key
) AS past
