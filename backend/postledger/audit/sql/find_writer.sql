-- A connection of a backend that writes postbacks. The application name of another role's session may be hidden, which
-- counts as a writer.
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND coalesce(application_name = %s, true)
LIMIT 1
