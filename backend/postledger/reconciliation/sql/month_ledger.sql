-- What the conversions of a source and a month were worth at a moment, by currency: the state of each is what the first
-- change after the moment found, else what it is now.
WITH standing AS (
    SELECT
        coalesce(later.status_before, conversions.status) AS status,
        CASE WHEN later.dedup_key IS NULL THEN conversions.payout ELSE later.payout_before END AS payout,
        CASE WHEN later.dedup_key IS NULL THEN conversions.currency ELSE later.currency_before END AS currency
    FROM conversions
    LEFT JOIN LATERAL (
        SELECT events.dedup_key, events.status_before, events.payout_before, events.currency_before
        FROM conversion_events AS events
        WHERE events.dedup_key = conversions.dedup_key AND events.received_at > %(as_of)s
        ORDER BY events.revision, events.received_at
        LIMIT 1
    ) AS later ON conversions.updated_at > %(as_of)s
    WHERE
        conversions.source_id = %(source_id)s
        AND conversions.created_at <= %(as_of)s
        AND coalesce(conversions.event_time, conversions.created_at) >= %(since)s
        AND coalesce(conversions.event_time, conversions.created_at) < %(until)s
)

SELECT currency, count(*) AS ledger_conversions, sum(payout) AS ledger
FROM standing
WHERE status = 'approved' AND payout IS NOT NULL AND currency IS NOT NULL
GROUP BY currency
