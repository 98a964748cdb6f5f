-- How many conversions `find_earlier.sql` finds.
SELECT count(*)
FROM conversions
JOIN sources ON sources.id = conversions.source_id
WHERE
    conversions.created_at < %(until)s
    AND (
        conversions.created_at >= %(since)s
        OR (
            conversions.updated_at >= %(since)s
            AND EXISTS (SELECT FROM expense_lines WHERE expense_lines.dedup_key = conversions.dedup_key)
        )
    )
    AND sources.slug <> %(selftest)s::text
