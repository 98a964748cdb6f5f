-- The conversions that were opened in a span of time, newest first, without the self-test.
SELECT conversions.dedup_key::text, conversions.created_at
FROM conversions
JOIN sources ON sources.id = conversions.source_id
WHERE
    conversions.created_at >= %(since)s AND conversions.created_at < %(until)s
    AND sources.slug <> %(selftest)s::text
ORDER BY conversions.created_at DESC
