-- Creates an empty copy of a table that only this session sees, and sees in its place.
CREATE TEMPORARY TABLE {table} (LIKE {original} INCLUDING ALL)
