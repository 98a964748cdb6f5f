-- The live secrets of one source, newest first.
SELECT id, position, ciphertext, created_at, last_matched_at FROM source_secrets WHERE source_id = %s ORDER BY position
