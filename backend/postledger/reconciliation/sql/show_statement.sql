-- One statement with the sums of its lines by currency and status.
SELECT
    statements.id::text,
    statements.kind,
    coalesce(sources.slug, statements.account) AS name,
    statements.format,
    statements.file_name,
    statements.number,
    statements.period,
    statements.since,
    statements.until,
    statements.currency,
    statements.opening,
    statements.closing,
    statements.lines,
    statements.known,
    statements.faults,
    statements.proof,
    statements.proof_difference,
    statements.gap,
    CASE WHEN statements.replaced_at IS NULL THEN 'current' ELSE 'replaced' END AS state,
    statements.follows::text,
    statements.replaces::text,
    statements.imported_at,
    statements.imported_by
FROM statements
LEFT JOIN sources ON sources.id = statements.source_id
WHERE statements.id = %s
