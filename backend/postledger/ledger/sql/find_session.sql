-- Another session of ours in this database, such as that of a backend.
SELECT application_name
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND starts_with(application_name, 'postledger-')
LIMIT 1
