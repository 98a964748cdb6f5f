-- Writes who wants a month unlocked, and why.
UPDATE periods SET unlock_asked_by = %(actor)s, unlock_asked_at = %(now)s, unlock_reason = %(reason)s
WHERE period = %(period)s
