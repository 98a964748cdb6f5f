-- The statement that a file was imported as, and the report that counts instead if it was replaced since.
SELECT
    statements.id::text,
    (
        SELECT current.id::text
        FROM statements AS current
        WHERE
            statements.replaced_at IS NOT NULL AND current.source_id = statements.source_id
            AND current.period = statements.period AND current.kind = 'network' AND current.replaced_at IS NULL
        ORDER BY current.imported_at DESC
        LIMIT 1
    )
FROM statements
WHERE statements.file_sha256 = %s AND statements.account IS NULL
