-- The state of a month. A month without a row is open.
SELECT state, changed_at, changed_by FROM periods WHERE period = %(period)s
