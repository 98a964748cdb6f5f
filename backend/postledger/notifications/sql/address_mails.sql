-- Notes a mail for each person who gets it.
INSERT INTO notifications (id, kind, subject_id, channel, user_id, created_at, due_at)
SELECT gen_random_uuid(), mail.kind, mail.subject_id, 'mail', addressed.user_id, mail.created_at, %(now)s
FROM unnest(%(ids)s::uuid [], %(user_ids)s::integer []) AS addressed (id, user_id)
INNER JOIN notifications AS mail ON mail.id = addressed.id
ON CONFLICT DO NOTHING
