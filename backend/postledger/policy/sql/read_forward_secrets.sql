-- The secrets of all forwards. Those that are retired have none.
SELECT slug, position, ciphertext FROM forward_secrets ORDER BY slug, position
