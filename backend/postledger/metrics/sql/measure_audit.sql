-- The last entry that the audit chain has, and what its last verification found.
SELECT
    (SELECT coalesce(max(seq), 0) FROM audit_log),
    (SELECT verified_at FROM audit_checks),
    (SELECT fault FROM audit_checks)
