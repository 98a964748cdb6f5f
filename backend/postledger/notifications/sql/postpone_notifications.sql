-- Records that notifications could not be sent, and when each is tried again.
UPDATE notifications SET due_at = moved.due_at, fault = %(fault)s, leased_until = NULL
FROM unnest(%(ids)s::uuid [], %(due_at)s::timestamptz []) AS moved (id, due_at)
WHERE notifications.id = moved.id AND state = 'waiting'
