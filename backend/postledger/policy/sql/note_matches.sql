-- Records when some secrets last matched. An older time never replaces a newer one. A secret that another transaction holds is
-- left out, because two processes that wait for several rows in different orders would deadlock. Returns the secrets that
-- need no further attempt: those that were not left out, and those that exist no more.
WITH matched AS MATERIALIZED (
    SELECT id, at
    FROM unnest(%(ids)s::integer[], %(times)s::timestamptz[]) AS matched (id, at)
),

held AS MATERIALIZED (
    SELECT id FROM source_secrets
    WHERE id = ANY(%(ids)s::integer[])
    FOR NO KEY UPDATE SKIP LOCKED
),

noted AS (
    UPDATE source_secrets SET last_matched_at = matched.at
    FROM matched
    JOIN held ON held.id = matched.id
    WHERE source_secrets.id = matched.id AND (last_matched_at IS NULL OR last_matched_at < matched.at)
)

SELECT matched.id
FROM matched
LEFT JOIN source_secrets ON source_secrets.id = matched.id
LEFT JOIN held ON held.id = matched.id
WHERE held.id IS NOT NULL OR source_secrets.id IS NULL
