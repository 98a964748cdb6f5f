-- The secrets of all targets of exports. Those that are retired have none.
SELECT slug, name, ciphertext FROM export_secrets ORDER BY slug, name
