-- Copies conversions that were opened before a moment, each once and as it was then, with its past. What a later postback
-- changed first says how the conversion was before. A time of its event is that of the last postback before that had one.
WITH wanted AS (
    SELECT conversions.*
    FROM public.conversions
    WHERE dedup_key = ANY(%(dedup_keys)s::uuid[]) AND created_at < %(since)s
),

copied AS (
    INSERT INTO pg_temp.conversions (
        dedup_key, id, source_id, event, transaction_id, click_id, campaign_id, affiliate_id, status, source_status,
        payout, currency, subs, event_time, created_at, updated_at, unsigned, click_shed, revision
    )
    SELECT
        wanted.dedup_key, wanted.id, wanted.source_id, wanted.event, wanted.transaction_id, wanted.click_id,
        wanted.campaign_id, wanted.affiliate_id,
        CASE WHEN later.id IS NULL THEN wanted.status ELSE later.status_before END,
        wanted.source_status,
        CASE WHEN later.id IS NULL THEN wanted.payout ELSE later.payout_before END,
        CASE WHEN later.id IS NULL THEN wanted.currency ELSE later.currency_before END,
        wanted.subs,
        CASE WHEN later.id IS NULL THEN wanted.event_time ELSE coalesce(earlier.event_time, opening.event_time) END,
        wanted.created_at, wanted.created_at, wanted.unsigned, wanted.click_shed, wanted.revision
    FROM wanted
    LEFT JOIN LATERAL (
        SELECT id, status_before, payout_before, currency_before
        FROM public.conversion_events AS changes
        WHERE changes.dedup_key = wanted.dedup_key AND changes.received_at >= %(since)s
        ORDER BY changes.revision, changes.received_at, changes.id
        LIMIT 1
    ) AS later ON true
    LEFT JOIN LATERAL (
        SELECT event_time
        FROM public.conversion_events AS changes
        WHERE
            changes.dedup_key = wanted.dedup_key AND changes.received_at < %(since)s
            AND changes.event_time IS NOT NULL
        ORDER BY changes.revision DESC, changes.received_at DESC, changes.id DESC
        LIMIT 1
    ) AS earlier ON true
    LEFT JOIN LATERAL (
        SELECT event_time
        FROM public.postbacks
        WHERE postbacks.id = wanted.id AND postbacks.received_at = wanted.created_at
        LIMIT 1
    ) AS opening ON true
    ON CONFLICT DO NOTHING
    RETURNING dedup_key
)

INSERT INTO pg_temp.conversion_events
SELECT changes.*
FROM public.conversion_events AS changes
INNER JOIN copied ON copied.dedup_key = changes.dedup_key
WHERE changes.received_at < %(since)s
ON CONFLICT DO NOTHING
