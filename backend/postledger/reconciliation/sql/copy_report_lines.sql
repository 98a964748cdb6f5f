-- Adds lines of a network's report.
COPY statement_lines (
    statement_id, line_no, amount, currency, status, event, transaction_id, click_id, booked_on, happened_at, status_word,
    fee, fingerprint
) FROM STDIN
