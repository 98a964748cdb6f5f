-- A month that is not open, or was not.
SELECT period, state, version, changed_at, changed_by, unlock_asked_by, unlock_asked_at, unlock_reason
FROM periods WHERE period = %s
