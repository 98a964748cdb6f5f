-- Every source, also a retired one, with the number of its live secrets.
SELECT
    sources.slug, sources.name, sources.settings, sources.created_at, sources.updated_at, sources.removed_at,
    count(source_secrets.id) AS secrets
FROM sources
LEFT JOIN source_secrets ON source_secrets.source_id = sources.id
WHERE %(slug)s::text IS NULL OR sources.slug = %(slug)s
GROUP BY sources.id
ORDER BY sources.slug
