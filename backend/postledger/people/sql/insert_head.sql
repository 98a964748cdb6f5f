-- The end of a chain without entries.
INSERT INTO audit_head (seq, hash) VALUES (0, %s) ON CONFLICT (only_row) DO NOTHING
