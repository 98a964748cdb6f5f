-- The parts of matches and proposals, by line. `number`: of the bill or receivable that a bank line pays.
SELECT
    matches.statement_id::text,
    matches.line_no,
    matches.nth,
    sources.slug AS source,
    statements.account,
    coalesce(statements.period, date_trunc('month', coalesce(lines.booked_on, lines.valued_on))::date) AS period,
    coalesce(lines.booked_on, lines.valued_on) AS day,
    lines.amount AS line_amount,
    matches.part,
    matches.amount,
    matches.currency,
    coalesce(bills.number, receivables.number) AS number,
    coalesce(bills.payee, receivables.payee) AS payee,
    conversions.transaction_id,
    conversions.id::text AS conversion,
    matches.applied_amount,
    matches.applied_currency,
    matches.method,
    matches.state,
    matches.proposal,
    matches.reasons,
    matches.confirmed_by,
    matches.matched_at,
    matches.undone_by,
    matches.undone_at,
    matches.run_id::text
FROM matches
JOIN statements ON statements.id = matches.statement_id
JOIN statement_lines AS lines ON lines.statement_id = matches.statement_id AND lines.line_no = matches.line_no
LEFT JOIN sources ON sources.id = statements.source_id
LEFT JOIN bills ON bills.id = matches.bill_id
LEFT JOIN receivables ON receivables.id = matches.receivable_id
LEFT JOIN conversions ON conversions.dedup_key = matches.dedup_key
WHERE
    (%(statement)s::uuid IS NULL OR matches.statement_id = %(statement)s)
    AND (%(line_no)s::integer IS NULL OR matches.line_no = %(line_no)s)
    AND (%(account)s::text IS NULL OR statements.account = %(account)s)
    AND (%(source)s::text IS NULL OR sources.slug = %(source)s)
    AND (%(state)s::text IS NULL OR matches.state = %(state)s)
    AND (%(number)s::text IS NULL OR bills.number = %(number)s OR receivables.number = %(number)s)
    AND (
        %(period)s::date IS NULL
        OR statements.period = %(period)s
        OR (
            statements.account IS NOT NULL
            AND coalesce(lines.booked_on, lines.valued_on) >= %(period)s
            AND coalesce(lines.booked_on, lines.valued_on) < %(period)s + interval '1 month'
        )
    )
ORDER BY coalesce(lines.booked_on, lines.valued_on), matches.statement_id, matches.line_no, matches.nth
LIMIT %(limit)s::bigint
