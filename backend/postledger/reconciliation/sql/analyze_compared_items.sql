-- Gathers statistics of what was found, which autovacuum does not see.
ANALYZE compared_items
