-- How many conversions were opened in a span of time, without the self-test.
SELECT count(*)
FROM conversions
JOIN sources ON sources.id = conversions.source_id
WHERE
    conversions.created_at >= %(since)s AND conversions.created_at < %(until)s
    AND sources.slug <> %(selftest)s::text
