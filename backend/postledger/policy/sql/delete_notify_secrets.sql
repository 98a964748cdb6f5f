-- Deletes secrets of [notify]: others take their place, or their channel is removed.
DELETE FROM notify_secrets WHERE name = %s
