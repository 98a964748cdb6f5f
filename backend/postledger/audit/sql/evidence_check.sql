-- Up to where the audit chain was in order at its last verification, and when that was.
SELECT seq, verified_at FROM audit_checks WHERE verified_at IS NOT NULL LIMIT %(limit)s
