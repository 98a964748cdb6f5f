-- Up to where the chain was in order at the last verification.
SELECT seq, hash FROM audit_checks
