-- The forwards in force, each with its secrets, the newest first.
SELECT
    forwards.slug, settings,
    array_remove(array_agg(ciphertext ORDER BY position), NULL) AS secrets
FROM forwards
LEFT JOIN forward_secrets ON forward_secrets.slug = forwards.slug
WHERE removed_at IS NULL
GROUP BY forwards.slug
ORDER BY forwards.slug
