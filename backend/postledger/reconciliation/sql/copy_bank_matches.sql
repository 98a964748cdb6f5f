-- Adds the parts of bank lines that were matched, and those that are proposed.
COPY matches (
    statement_id, line_no, nth, bill_id, receivable_id, part, amount, currency, applied_amount, applied_currency, method,
    state, proposal, reasons, run_id, confirmed_by, matched_at
) FROM STDIN
