-- The conversions of a source that an id names: a transaction id or a receipt. Two statements, because no index serves both.
SELECT dedup_key::text
FROM conversions
WHERE source_id = %(source_id)s AND transaction_id = %(searched)s::text
UNION
SELECT dedup_key::text
FROM conversions
WHERE
    source_id = %(source_id)s
    AND id = CASE WHEN %(searched)s::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN %(searched)s::text::uuid END
LIMIT 2
