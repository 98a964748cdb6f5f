-- A database of this server.
SELECT FROM pg_database WHERE datname = %s
