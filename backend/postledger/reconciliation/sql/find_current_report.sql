-- The report that counts for a source and a month, and the settings of its format.
SELECT
    statements.id::text,
    statements.timezone,
    statements.imported_at,
    statements.replaces IS NOT NULL AS is_restated,
    report_formats.settings
FROM statements
LEFT JOIN report_formats ON report_formats.slug = statements.format
WHERE
    statements.source_id = %(source_id)s AND statements.period = %(period)s AND statements.kind = 'network'
    AND statements.replaced_at IS NULL
ORDER BY statements.imported_at DESC
LIMIT 1
