-- The sources that have a report for a month.
SELECT sources.slug
FROM sources
WHERE EXISTS (
    SELECT FROM statements
    WHERE statements.source_id = sources.id AND statements.period = %s AND statements.replaced_at IS NULL
)
ORDER BY sources.slug
