-- The values of some settings of the server.
SELECT name, setting FROM pg_settings WHERE name = ANY(%s)
