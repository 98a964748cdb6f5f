-- The conversions that were opened in a span of time, newest first, without the self-test. Those with lines that were
-- opened before and changed since then follow, because the books may have been closed meanwhile.
SELECT conversions.dedup_key::text, conversions.created_at
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
ORDER BY conversions.created_at DESC
