-- Audit rows, newest first, by the time that their receipts begin with. Only the days inside the bounds are read. The
-- self-test is listed only if its source is asked for.
SELECT
    postbacks.id::text, received_at, sources.slug AS source, abbrev(source_ip) AS source_ip, method,
    CASE
        WHEN verdict = 'spooled' AND postbacks.id IN (SELECT id FROM parked_reversals) THEN 'parked' ELSE verdict
    END AS verdict,
    reason, parameter, cause, byte_offset, conversion_id::text, secret_id, postbacks.event, postbacks.click_id,
    postbacks.transaction_id, postbacks.status, postbacks.source_status, postbacks.payout, postbacks.currency,
    postbacks.event_time, postbacks.click_shed, label_notes, replay_of::text,
    CASE WHEN %(with_raw)s THEN raw END AS raw,
    CASE WHEN %(with_raw)s THEN raw_length END AS raw_length,
    CASE WHEN %(with_raw)s THEN encode(raw_sha256, 'hex') END AS raw_sha256
FROM postbacks
LEFT JOIN sources ON sources.id = postbacks.source_id
WHERE
    (sources.slug = %(source)s::text OR (%(source)s IS NULL AND sources.slug IS DISTINCT FROM %(selftest)s::text))
    AND (%(verdict)s::text IS NULL OR verdict = %(verdict)s OR (
        %(verdict)s = 'parked' AND verdict = 'spooled' AND postbacks.id IN (SELECT id FROM parked_reversals)
    ))
    AND (%(reason)s::text IS NULL OR reason = %(reason)s)
    AND (%(event)s::text IS NULL OR postbacks.event = %(event)s)
    AND (%(campaign)s::text IS NULL OR EXISTS (
        SELECT FROM conversions
        JOIN campaigns ON campaigns.id = conversions.campaign_id
        WHERE conversions.id = postbacks.conversion_id AND campaigns.slug = %(campaign)s
    ))
    AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
ORDER BY postbacks.id DESC
LIMIT %(limit)s::bigint
