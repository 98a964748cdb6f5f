-- The secrets of all forwards, retired ones included, because a retired forward can be revived.
SELECT slug, position, ciphertext FROM forward_secrets ORDER BY slug, position
