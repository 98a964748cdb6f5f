-- Reads the circuit of a forward, and locks it until the end of the transaction.
SELECT circuit, failures, failing_since, circuit_until FROM forwards WHERE slug = %s FOR UPDATE
