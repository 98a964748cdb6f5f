-- The secrets of all sources, the newest of each source first.
SELECT id, source_id, ciphertext FROM source_secrets ORDER BY source_id, position
