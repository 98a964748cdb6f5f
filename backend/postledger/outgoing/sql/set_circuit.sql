-- Sets the circuit of a forward in force by hand.
UPDATE forwards SET circuit = %(state)s, failures = 0, failing_since = NULL, circuit_until = NULL
WHERE slug = %(forward)s AND removed_at IS NULL
