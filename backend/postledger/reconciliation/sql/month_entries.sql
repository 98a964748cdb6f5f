-- The lines of a month on an account, oldest first, each with the parts that explain it.
SELECT
    lines.booked_on,
    lines.bank_reference AS reference,
    lines.amount,
    coalesce(parts.listed, '[]') AS parts
FROM statements
INNER JOIN statement_lines AS lines ON lines.statement_id = statements.id
LEFT JOIN LATERAL (
    SELECT
        jsonb_agg(
            jsonb_build_object(
                'part', matches.part,
                'amount', matches.amount::text,
                'returned', coalesce(matches.applied_amount < 0, false),
                'number', coalesce(bills.number, receivables.number),
                'payee', coalesce(payees.name, bills.payee, receivables.payee)
            )
            ORDER BY matches.nth
        ) AS listed
    FROM matches
    LEFT JOIN bills ON bills.id = matches.bill_id
    LEFT JOIN receivables ON receivables.id = matches.receivable_id
    LEFT JOIN payees ON payees.id = coalesce(bills.payee, receivables.payee)
    WHERE
        matches.statement_id = lines.statement_id
        AND matches.line_no = lines.line_no
        AND matches.state IN ('matched', 'confirmed')
) AS parts ON true
WHERE
    statements.account = %(account)s
    AND lines.booked_on >= %(since)s
    AND lines.booked_on < %(until)s
    AND NOT lines.pending
ORDER BY lines.booked_on, statements.since, statements.id, lines.line_no
LIMIT %(limit)s
