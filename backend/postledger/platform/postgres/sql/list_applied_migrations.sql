-- The migrations that were applied, with the checksum that each file had then.
SELECT name, checksum FROM schema_migrations
