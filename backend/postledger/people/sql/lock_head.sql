-- The end of the chain, locked, so that entries have one order.
SELECT seq, hash FROM audit_head FOR UPDATE
