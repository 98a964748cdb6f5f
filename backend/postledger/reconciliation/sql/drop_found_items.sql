-- Removes what an earlier run of this session found.
DROP TABLE IF EXISTS pg_temp.found_items
