-- Records that a migration was applied.
INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)
