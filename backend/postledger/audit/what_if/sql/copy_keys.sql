-- Adds keys to the list.
COPY pg_temp.what_if_keys (dedup_key, id, is_affected) FROM STDIN
