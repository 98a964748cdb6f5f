-- Records that notifications were sent, that there is nothing to tell any more, or that they were given up.
UPDATE notifications SET state = %(state)s, fault = %(fault)s, settled_at = %(now)s, leased_until = NULL
WHERE id = any(%(ids)s::uuid []) AND state = 'waiting'
