-- Writes the state of a month. Each state has a version of its own, and ends a wish to unlock.
INSERT INTO periods (period, state, version, changed_at, changed_by)
VALUES (%(period)s, %(state)s, 1, %(now)s, %(actor)s)
ON CONFLICT (period) DO UPDATE SET
state = excluded.state, version = periods.version + 1, changed_at = excluded.changed_at,
changed_by = excluded.changed_by, unlock_asked_by = NULL, unlock_asked_at = NULL, unlock_reason = NULL
RETURNING version
