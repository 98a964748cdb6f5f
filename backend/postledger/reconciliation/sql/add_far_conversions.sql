-- Adds the conversions that are named, each looked up by its key.
INSERT INTO ledger_side (
    dedup_key, event, transaction_id, click_id, happened_at, status, payout, currency, worth, in_books, in_report
)
WITH opened AS (
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
