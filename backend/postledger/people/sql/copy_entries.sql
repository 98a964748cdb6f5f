-- Adds entries.
COPY audit_log (seq, at, actor, action, subject, body, prev, hash) FROM STDIN
