-- The sources whose report of a month is expected and was not imported.
SELECT DISTINCT formats.settings ->> 'source' AS source
FROM report_formats AS formats
WHERE
    formats.removed_at IS NULL AND formats.settings ->> 'expected_by_day' IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM statements
        JOIN sources ON sources.id = statements.source_id
        WHERE
            sources.slug = formats.settings ->> 'source' AND statements.period = %(period)s
            AND statements.replaced_at IS NULL
    )
ORDER BY source
