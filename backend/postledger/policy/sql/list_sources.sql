-- The sources in force, and the retired ones if asked for, with the numbers of their live secrets and tokens.
SELECT
    sources.slug, sources.name, sources.settings, sources.created_at, sources.updated_at, sources.removed_at,
    count(source_secrets.id) AS secrets,
    (
        SELECT count(*) FROM partner_tokens
        WHERE partner_tokens.source_id = sources.id AND partner_tokens.revoked_at IS NULL
    ) AS tokens
FROM sources
LEFT JOIN source_secrets ON source_secrets.source_id = sources.id
WHERE
    (%(slug)s::text IS NULL OR sources.slug = %(slug)s)
    AND (%(retired)s OR sources.removed_at IS NULL)
GROUP BY sources.id
ORDER BY sources.slug
