-- The sources of a month: those that have a report format, a report, a run or a work item, each with the report that counts.
SELECT
    sources.id,
    sources.slug,
    sources.name,
    report.id::text AS file_id,
    report.format,
    report.file_name,
    report.timezone,
    report.lines,
    report.faults,
    report.imported_at,
    report.imported_by,
    EXISTS (
        SELECT FROM report_formats
        WHERE removed_at IS NULL AND settings ->> 'source' = sources.slug AND settings ->> 'expected_by_day' IS NOT NULL
    ) AS is_expected
FROM sources
LEFT JOIN statements AS report
    ON
        report.source_id = sources.id AND report.period = %(period)s AND report.kind = 'network'
        AND report.replaced_at IS NULL
WHERE
    report.id IS NOT NULL
    OR EXISTS (
        SELECT FROM report_formats WHERE removed_at IS NULL AND settings ->> 'source' = sources.slug
    )
    OR EXISTS (SELECT FROM reconciliations WHERE source_id = sources.id AND period = %(period)s)
    OR EXISTS (SELECT FROM discrepancies WHERE source_id = sources.id AND period = %(period)s)
ORDER BY sources.slug
