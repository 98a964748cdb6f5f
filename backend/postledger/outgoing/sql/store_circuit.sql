-- Stores the circuit of a forward.
UPDATE forwards
SET circuit = %(state)s, failures = %(failures)s, failing_since = %(failing_since)s, circuit_until = %(until)s
WHERE slug = %(forward)s
