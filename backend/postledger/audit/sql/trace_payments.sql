-- The parts of bank lines that pay some bills and receivables, or that belong to some bank lines, by day. A proposed part
-- pays nothing yet. Parts that were undone are left out.
WITH found AS (
    SELECT statement_id, line_no, nth FROM matches WHERE bill_id = ANY(%(bill_ids)s::uuid []) AND undone_at IS NULL
    UNION
    SELECT statement_id, line_no, nth FROM matches
    WHERE receivable_id = ANY(%(receivable_ids)s::uuid []) AND undone_at IS NULL
    UNION
    SELECT matches.statement_id, matches.line_no, matches.nth
    FROM unnest(%(statement_ids)s::uuid [], %(line_nos)s::integer []) AS line (statement_id, line_no)
    JOIN matches ON matches.statement_id = line.statement_id AND matches.line_no = line.line_no
    WHERE matches.undone_at IS NULL
)

SELECT
    matches.statement_id::text, matches.line_no, matches.nth, matches.bill_id::text, matches.receivable_id::text,
    bills.number AS bill, receivables.number AS receivable, statements.account, statements.number AS statement,
    lines.booked_on, lines.amount AS line_amount, lines.currency AS line_currency, lines.bank_reference,
    lines.end_to_end, lines.reversal, matches.part, matches.amount, matches.currency, matches.applied_amount,
    matches.applied_currency, matches.method, matches.state, matches.proposal, matches.reasons, matches.confirmed_by,
    matches.matched_at
FROM found
JOIN matches
    ON
        matches.statement_id = found.statement_id AND matches.line_no = found.line_no AND matches.nth = found.nth
JOIN statements ON statements.id = matches.statement_id AND statements.kind = 'bank'
JOIN statement_lines AS lines ON lines.statement_id = matches.statement_id AND lines.line_no = matches.line_no
LEFT JOIN bills ON bills.id = matches.bill_id
LEFT JOIN receivables ON receivables.id = matches.receivable_id
ORDER BY lines.booked_on, matches.statement_id, matches.line_no, matches.nth
LIMIT %(limit)s
