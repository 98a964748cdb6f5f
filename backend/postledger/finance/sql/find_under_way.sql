-- Which of some conversions have a change that waits to be published, or that was published only recently.
SELECT DISTINCT conversions.id::text
FROM conversions
JOIN publications ON publications.dedup_key = conversions.dedup_key
WHERE
    conversions.id = ANY(%(ids)s::uuid [])
    AND (publications.published_at IS NULL OR publications.published_at > %(since)s)
