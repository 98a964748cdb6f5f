-- The changes that were set aside, oldest first, each with its conversion.
SELECT
    set_aside_changes.receipt::text, set_aside_changes.received_at, set_aside_changes.set_aside_at,
    set_aside_changes.fault, set_aside_changes.kind, set_aside_changes.revision,
    conversions.id::text AS conversion_id, sources.slug AS source, conversions.event, conversions.transaction_id
FROM set_aside_changes
LEFT JOIN conversions ON conversions.dedup_key = set_aside_changes.dedup_key
LEFT JOIN sources ON sources.id = conversions.source_id
ORDER BY set_aside_changes.received_at, set_aside_changes.dedup_key, set_aside_changes.receipt
