-- Names the rules that approve lines of the time before approval rules.
COPY line_approvals (dedup_key, seq, rule) FROM STDIN
