-- Leases what is due for the webhook, the oldest first.
UPDATE notifications SET leased_until = %(until)s, attempts = attempts + 1
FROM (
    SELECT id
    FROM notifications
    WHERE
        state = 'waiting' AND channel = 'webhook'
        AND due_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
    ORDER BY due_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) AS due
WHERE notifications.id = due.id
RETURNING notifications.id::text, kind, subject_id, channel, user_id, attempts, created_at
