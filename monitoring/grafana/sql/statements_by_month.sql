-- The statements that count, by month, kind and source: their proof, lines and faults; the newest month first. Those of a
-- bank belong to the month of their last day.
SELECT to_char(coalesce(statements.period, statements.until), 'YYYY-MM') AS month,
       statements.kind,
       coalesce(sources.slug, statements.currency) AS "source or currency",
       statements.proof,
       count(*) AS statements,
       sum(statements.lines) AS lines,
       sum(statements.faults) AS faults,
       extract(EPOCH FROM now() - max(statements.imported_at))::float8 AS "last import"
FROM statements
LEFT JOIN sources ON sources.id = statements.source_id
WHERE statements.replaced_at IS NULL
GROUP BY 1, 2, 3, 4
ORDER BY 1 DESC NULLS LAST, 2, 3, 4
LIMIT 100
