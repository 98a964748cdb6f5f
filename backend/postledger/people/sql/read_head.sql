-- The end of the chain.
SELECT seq, hash FROM audit_head
