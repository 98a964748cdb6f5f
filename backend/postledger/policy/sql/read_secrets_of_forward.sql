-- The secrets of one forward, newest first.
SELECT ciphertext FROM forward_secrets WHERE slug = %s ORDER BY position
