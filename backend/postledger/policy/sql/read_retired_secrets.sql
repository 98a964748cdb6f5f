-- The retired secrets of one source, and those that `apply` replaced.
SELECT ciphertext, retired_at, may_return
FROM retired_secrets
JOIN sources ON sources.id = source_id
WHERE slug = %s
ORDER BY retired_secrets.id
