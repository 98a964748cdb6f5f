-- The live secrets of all sources in force.
SELECT slug, ciphertext
FROM source_secrets
JOIN sources ON sources.id = source_id
WHERE removed_at IS NULL
ORDER BY slug, position
