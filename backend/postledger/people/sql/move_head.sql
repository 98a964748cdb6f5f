-- Moves the end of the chain to the entry that was added last.
UPDATE audit_head SET seq = %s, hash = %s
