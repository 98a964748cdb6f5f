-- Deletes what was noted before it was known who gets it.
DELETE FROM notifications WHERE id = any(%s::uuid [])
