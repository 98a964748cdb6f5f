-- Makes the list quick to search by row.
CREATE INDEX ON pg_temp.what_if_keys (id)
