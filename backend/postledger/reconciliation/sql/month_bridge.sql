-- What a run of a report found, by currency and class: each conversion and each line is in one class, so the classes add up
-- to the ledger and to the report.
SELECT
    counted.currency,
    counted.class,
    counted.conversions,
    counted.ledger::numeric AS ledger,
    counted.lines,
    counted.network::numeric AS report
FROM reconciliations AS runs
CROSS JOIN LATERAL jsonb_to_recordset(runs.counts) AS counted (
    class text, currency text, conversions bigint, ledger text, lines bigint, network text
)
WHERE runs.id = %(run_id)s AND (counted.conversions > 0 OR counted.lines > 0)
ORDER BY counted.currency, counted.class <> 'matched', counted.class
