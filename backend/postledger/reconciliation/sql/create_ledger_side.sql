-- The conversions that the report may be about, as they were at `as_of`: those of its source and its month, by the zone
-- of the books or of the report, and those shortly before and after. A conversion happened when its first postback says,
-- because a later change moves its own time. What the first change after `as_of` found is the state at `as_of`.
CREATE TEMPORARY TABLE ledger_side AS
WITH opened AS (
    SELECT
        conversions.*,
        CASE
            WHEN conversions.revision > 1 THEN coalesce(first_postback.event_time, conversions.created_at)
            ELSE coalesce(conversions.event_time, conversions.created_at)
        END AS happened_at
    FROM conversions
    LEFT JOIN postbacks AS first_postback
        ON
            conversions.revision > 1
            AND first_postback.id = conversions.id AND first_postback.received_at = conversions.created_at
    WHERE
        conversions.source_id = %(source_id)s
        AND conversions.created_at BETWEEN %(earliest)s::timestamptz - interval '2 days' AND %(as_of)s
)

SELECT
    stated.*,
    CASE WHEN status IN ('pending', 'approved') THEN coalesce(payout, 0) ELSE 0 END AS worth,
    happened_at >= %(books_since)s AND happened_at < %(books_until)s AS in_books,
    happened_at >= %(report_since)s AND happened_at < %(report_until)s AS in_report
FROM (
    SELECT
        opened.dedup_key,
        opened.event,
        opened.transaction_id,
        opened.click_id,
        opened.happened_at,
        CASE WHEN later.dedup_key IS NULL THEN opened.status ELSE later.status_before END AS status,
        CASE WHEN later.dedup_key IS NULL THEN opened.payout ELSE later.payout_before END AS payout,
        CASE WHEN later.dedup_key IS NULL THEN opened.currency ELSE later.currency_before END AS currency
    FROM opened
    LEFT JOIN later ON later.dedup_key = opened.dedup_key
    WHERE opened.happened_at >= %(earliest)s AND opened.happened_at < %(latest)s
) AS stated
