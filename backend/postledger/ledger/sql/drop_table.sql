-- A table, with its partitions and what depends on it.
DROP TABLE {table} CASCADE
