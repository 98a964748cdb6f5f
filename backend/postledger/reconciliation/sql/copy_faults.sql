-- Adds what could not be read.
COPY statement_faults (statement_id, line_no, field, reason) FROM STDIN
