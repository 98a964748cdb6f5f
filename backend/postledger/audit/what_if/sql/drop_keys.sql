-- Drops the list of an earlier what-if of this session.
DROP TABLE IF EXISTS pg_temp.what_if_keys
