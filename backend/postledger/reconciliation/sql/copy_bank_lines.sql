-- Adds lines of a bank statement.
COPY statement_lines (
    statement_id, line_no, booked_on, valued_on, amount, currency, fee, instructed_amount, instructed_currency, rate,
    bank_reference, end_to_end, counterparty, counterparty_account_hash, remittance, reversal, fingerprint, occurrence
) FROM STDIN
