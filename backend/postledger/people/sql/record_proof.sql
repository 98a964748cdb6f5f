-- Records that the chain is in order up to an entry.
INSERT INTO audit_checks (seq, hash, verified_at, checked_at) VALUES (%(seq)s, %(hash)s, %(now)s, %(now)s)
ON CONFLICT (only_row) DO UPDATE SET
    seq = excluded.seq, hash = excluded.hash, verified_at = excluded.verified_at, checked_at = excluded.checked_at,
    fault = NULL, fault_seq = NULL
