-- Leases all mails that are due for one person: the one whose mail is due for longest, and who did not get many just now.
WITH
waiting AS (
    SELECT user_id, min(due_at) AS due_at
    FROM notifications
    WHERE
        state = 'waiting' AND channel = 'mail' AND user_id IS NOT NULL
        AND due_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
    GROUP BY user_id
),

person AS (
    SELECT user_id
    FROM waiting
    WHERE (
        SELECT count(DISTINCT settled_at) FROM notifications AS sent
        WHERE sent.user_id = waiting.user_id AND sent.state = 'sent' AND sent.settled_at > %(since)s
    ) < %(most)s
    ORDER BY due_at, user_id
    LIMIT 1
),

due AS (
    SELECT id
    FROM notifications
    WHERE
        user_id = (SELECT user_id FROM person) AND state = 'waiting' AND channel = 'mail'
        AND due_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
    ORDER BY created_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)

UPDATE notifications SET leased_until = %(until)s, attempts = attempts + 1
FROM due
WHERE notifications.id = due.id
RETURNING notifications.id::text, kind, subject_id, channel, user_id, attempts, created_at
