-- Mails of which it is not known yet who gets them, the oldest first. Other workers take others.
SELECT id::text, kind, subject_id, channel, user_id, attempts, created_at
FROM notifications
WHERE state = 'waiting' AND channel = 'mail' AND user_id IS NULL
ORDER BY created_at, id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
