-- Conversions from the start of the books on, and earlier ones with lines, of which no line carries money, if their
-- status may carry some. Changes that wait for the worker, or were set aside, do not count yet.
SELECT
    conversions.dedup_key::text, conversions.id::text, conversions.source_id, conversions.campaign_id,
    coalesce(conversions.revision, 1), conversions.status, conversions.payout, conversions.currency,
    coalesce(conversions.event_time, conversions.created_at),
    sources.slug, conversions.event, campaigns.slug, conversions.affiliate_id, conversions.updated_at
FROM conversions
JOIN sources ON sources.id = conversions.source_id
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
WHERE
    (
        conversions.created_at >= %(since)s
        OR EXISTS (SELECT FROM expense_lines AS line WHERE line.dedup_key = conversions.dedup_key)
    )
    AND conversions.status = ANY(%(statuses)s)
    AND sources.slug <> %(selftest)s::text
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox.dedup_key = conversions.dedup_key)
    AND NOT EXISTS (SELECT FROM set_aside_changes AS aside WHERE aside.dedup_key = conversions.dedup_key)
    -- It has no newest line that is mapped, or unmapped and not taken back.
    AND NOT EXISTS (
        SELECT FROM expense_lines AS newest
        WHERE
            newest.dedup_key = conversions.dedup_key
            AND NOT EXISTS (
                SELECT FROM expense_lines AS later
                WHERE later.dedup_key = newest.dedup_key AND later.seq > newest.seq
            )
            AND CASE
                WHEN newest.unmapped IS NULL THEN newest.payee IS NOT NULL
                ELSE newest.amount = 0 OR (
                    SELECT sum(amount) FROM expense_lines AS line
                    WHERE line.dedup_key = newest.dedup_key AND line.currency = newest.currency
                ) <> 0
            END
    )
