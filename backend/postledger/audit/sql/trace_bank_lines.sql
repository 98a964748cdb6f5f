-- The bank lines with a reference, the bank's or the end-to-end one of the payer, or one by its place. The text and the
-- counterparty of a line are personal data, and are left out.
WITH found AS (
    SELECT statement_id, line_no FROM statement_lines WHERE bank_reference = %(reference)s::text
    UNION
    SELECT statement_id, line_no FROM statement_lines WHERE end_to_end = %(reference)s::text
    UNION
    SELECT statement_id, line_no FROM statement_lines
    WHERE statement_id = %(statement_id)s::uuid AND line_no = %(line_no)s::integer
)

SELECT
    lines.statement_id::text, lines.line_no, statements.account, statements.number AS statement, statements.format,
    statements.file_name, statements.proof, statements.imported_at, statements.imported_by, lines.booked_on,
    lines.valued_on, lines.amount, lines.currency, lines.fee, lines.instructed_amount, lines.instructed_currency,
    lines.rate, lines.bank_reference, lines.end_to_end, lines.reversal, lines.pending
FROM found
JOIN statement_lines AS lines ON lines.statement_id = found.statement_id AND lines.line_no = found.line_no
JOIN statements ON statements.id = lines.statement_id AND statements.kind = 'bank'
ORDER BY lines.booked_on, lines.statement_id, lines.line_no
LIMIT %(limit)s
