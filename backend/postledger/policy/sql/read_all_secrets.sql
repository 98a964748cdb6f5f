-- The secrets of all sources, retired sources included, because a retired source can be revived.
SELECT source_secrets.id, slug, ciphertext
FROM source_secrets
JOIN sources ON sources.id = source_id
ORDER BY source_secrets.id
