-- Records what is wrong with the chain. What was in order before stays what the next verification compares with.
INSERT INTO audit_checks (seq, hash, fault, fault_seq, checked_at)
VALUES (%(seq)s, %(hash)s, %(fault)s, %(fault_seq)s, %(now)s)
ON CONFLICT (only_row) DO UPDATE SET
    fault = excluded.fault, fault_seq = excluded.fault_seq, checked_at = excluded.checked_at
