-- The retired secrets of one source.
SELECT ciphertext, retired_at
FROM retired_secrets
JOIN sources ON sources.id = source_id
WHERE slug = %s
ORDER BY retired_secrets.id
