-- Moves lines from a superseded request to the one in its place. A day may have thousands of lines and of requests: if
-- each request kept its lines, there would be millions of rows for one payee and day.
UPDATE approval_lines SET approval_id = %(after)s
FROM unnest(%(dedup_keys)s::uuid [], %(seqs)s::integer []) AS moved (dedup_key, seq)
WHERE
    approval_lines.approval_id = %(before)s
    AND approval_lines.dedup_key = moved.dedup_key AND approval_lines.seq = moved.seq
RETURNING approval_lines.dedup_key::text, approval_lines.seq
