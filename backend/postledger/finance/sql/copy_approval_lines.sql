-- Adds the lines that requests hold.
COPY approval_lines (dedup_key, seq, approval_id) FROM STDIN
