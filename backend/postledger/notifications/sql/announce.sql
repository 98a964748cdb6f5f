-- Notes what is to be told, once for each channel that is configured. Without one, nothing is noted.
INSERT INTO notifications (id, kind, subject_id, channel, created_at, due_at)
SELECT gen_random_uuid(), %(kind)s, subject_id, channel, %(now)s, %(now)s
FROM
    unnest(%(subject_ids)s::text []) AS subject (subject_id),
    (SELECT jsonb_object_keys(settings) FROM notify) AS configured (channel)
WHERE channel IN ('mail', 'webhook')
ON CONFLICT DO NOTHING
