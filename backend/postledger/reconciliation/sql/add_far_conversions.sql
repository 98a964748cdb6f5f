-- Adds the conversions of other months that the lines which are left name: by transaction id, by the id of a refund, or
-- by click id. Each is looked up by an index. One that a person named is added even if it came after `as_of`.
INSERT INTO ledger_side (
    dedup_key, event, transaction_id, click_id, happened_at, status, payout, currency, worth, in_books, in_report
)
WITH named AS (
    SELECT conversions.dedup_key
    FROM left_groups
    JOIN conversions ON conversions.transaction_id = left_groups.transaction_id
    WHERE conversions.source_id = %(source_id)s AND conversions.created_at <= %(as_of)s
    UNION
    SELECT conversion_events.dedup_key
    FROM left_groups
    JOIN conversion_events ON conversion_events.transaction_id = left_groups.transaction_id
    WHERE conversion_events.source_id = %(source_id)s AND conversion_events.received_at <= %(as_of)s
    UNION
    SELECT conversions.dedup_key
    FROM left_groups
    JOIN conversions ON conversions.click_id = left_groups.click_id
    WHERE conversions.source_id = %(source_id)s AND conversions.created_at <= %(as_of)s
    UNION
    SELECT claims.dedup_key
    FROM claims
    WHERE claims.is_decided
),

opened AS (
    SELECT
        conversions.*,
        CASE
            WHEN conversions.revision > 1 THEN coalesce(first_postback.event_time, conversions.created_at)
            ELSE coalesce(conversions.event_time, conversions.created_at)
        END AS happened_at
    FROM named
    JOIN conversions ON conversions.dedup_key = named.dedup_key
    LEFT JOIN postbacks AS first_postback
        ON
            conversions.revision > 1
            AND first_postback.id = conversions.id AND first_postback.received_at = conversions.created_at
    WHERE NOT EXISTS (SELECT FROM ledger_side WHERE ledger_side.dedup_key = conversions.dedup_key)
),

stated AS (
    SELECT
        opened.dedup_key,
        opened.event,
        opened.transaction_id,
        opened.click_id,
        opened.happened_at,
        CASE WHEN later.status_before IS NULL THEN opened.status ELSE later.status_before END AS status,
        CASE WHEN later.status_before IS NULL THEN opened.payout ELSE later.payout_before END AS payout,
        CASE WHEN later.status_before IS NULL THEN opened.currency ELSE later.currency_before END AS currency
    FROM opened
    LEFT JOIN LATERAL (
        SELECT status_before, payout_before, currency_before
        FROM conversion_events
        WHERE dedup_key = opened.dedup_key AND received_at > %(as_of)s AND status_before IS NOT NULL
        ORDER BY revision
        LIMIT 1
    ) AS later ON true
)

SELECT
    dedup_key, event, transaction_id, click_id, happened_at, status, payout, currency,
    CASE WHEN status IN ('pending', 'approved') THEN coalesce(payout, 0) ELSE 0 END,
    happened_at >= %(books_since)s AND happened_at < %(books_until)s,
    happened_at >= %(report_since)s AND happened_at < %(report_until)s
FROM stated
