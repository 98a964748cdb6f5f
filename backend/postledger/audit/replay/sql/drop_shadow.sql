-- Drops a table of an earlier dry run of this session.
DROP TABLE IF EXISTS {shadow}
