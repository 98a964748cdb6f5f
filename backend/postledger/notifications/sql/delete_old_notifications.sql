-- Deletes notifications that were settled long ago.
DELETE FROM notifications WHERE settled_at < %s
