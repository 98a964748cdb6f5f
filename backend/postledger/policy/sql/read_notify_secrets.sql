-- The secrets of [notify]: the login of its mail server, and those that sign its webhook, newest first.
SELECT name, position, ciphertext FROM notify_secrets ORDER BY name, position
