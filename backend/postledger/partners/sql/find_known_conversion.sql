-- The conversion of a dedup key as it was before one postback, which may have changed it. Nothing if the postback opened it.
SELECT
    conversions.id::text, click_id, coalesce(changed.status_before, status),
    CASE WHEN changed.id IS NULL THEN conversions.payout ELSE changed.payout_before END,
    CASE WHEN changed.id IS NULL THEN conversions.currency ELSE changed.currency_before END,
    conversions.event_time
FROM conversions
LEFT JOIN conversion_events AS changed
    ON changed.dedup_key = conversions.dedup_key AND changed.id = %(receipt)s::uuid
WHERE conversions.dedup_key = %(dedup_key)s::uuid AND conversions.id <> %(receipt)s::uuid
