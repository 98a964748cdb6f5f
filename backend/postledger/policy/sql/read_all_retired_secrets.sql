-- The retired secrets of all sources.
SELECT id, ciphertext FROM retired_secrets ORDER BY id
