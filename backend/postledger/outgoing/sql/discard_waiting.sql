-- Discards what still waits for a forward.
UPDATE deliveries SET state = 'discarded', settled_at = %(now)s, leased_until = NULL
WHERE forward = %(forward)s AND state = 'waiting'
