-- Lists the changes of a span that were never queued for a forward, oldest first, each with the status that it left.
-- `following` is the next change of the conversion. Erased conversions and those of the self-test are left out.
WITH changes AS (
    SELECT created_at AS happened_at, dedup_key, id AS receipt, 1 AS revision FROM conversions
    WHERE created_at >= %(since)s AND created_at < %(until)s
    UNION ALL
    SELECT received_at, dedup_key, id, revision FROM conversion_events
    WHERE received_at >= %(since)s AND received_at < %(until)s AND revision IS NOT NULL
)

SELECT
    changes.dedup_key::text, changes.receipt::text, changes.revision,
    sources.slug, campaigns.slug, conversions.event, coalesce(following.status_before, conversions.status)
FROM changes
JOIN conversions ON conversions.dedup_key = changes.dedup_key
JOIN sources ON sources.id = conversions.source_id
LEFT JOIN campaigns ON campaigns.id = conversions.campaign_id
LEFT JOIN LATERAL (
    SELECT status_before
    FROM conversion_events
    WHERE
        conversions.revision > changes.revision
        AND conversion_events.dedup_key = changes.dedup_key AND conversion_events.revision = changes.revision + 1
    LIMIT 1
) AS following ON true
WHERE
    sources.slug <> %(selftest)s AND conversions.click_id <> %(forgotten)s
    AND NOT EXISTS (
        SELECT FROM deliveries
        WHERE
            deliveries.dedup_key = changes.dedup_key AND deliveries.forward = %(forward)s
            AND deliveries.receipt = changes.receipt
    )
ORDER BY changes.happened_at, changes.revision
