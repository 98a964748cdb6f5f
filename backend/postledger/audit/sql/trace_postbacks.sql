-- The audit rows of some conversions, and those without a conversion that have the same click id or transaction id.
SELECT
    postbacks.id::text, received_at, sources.slug AS source, abbrev(source_ip) AS source_ip, method,
    CASE
        WHEN verdict = 'spooled' AND postbacks.id IN (SELECT id FROM parked_reversals) THEN 'parked' ELSE verdict
    END AS verdict,
    reason, parameter, cause, byte_offset, conversion_id::text, secret_id,
    source_secrets.position AS secret_position, event, click_id, transaction_id, status, source_status, payout,
    currency, event_time, click_shed, label_notes, replay_of::text
FROM postbacks
LEFT JOIN sources ON sources.id = postbacks.source_id
LEFT JOIN source_secrets ON source_secrets.id = secret_id
WHERE
    conversion_id = ANY(%(conversion_ids)s::uuid[])
    OR (conversion_id IS NULL AND click_id = ANY(%(click_ids)s::text[]))
    OR (conversion_id IS NULL AND transaction_id = ANY(%(transaction_ids)s::text[]))
ORDER BY received_at, postbacks.id
LIMIT %(limit)s
