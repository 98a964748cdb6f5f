-- The conversions of a source that an id names: a receipt or a transaction id.
SELECT dedup_key::text
FROM conversions
WHERE source_id = %(source_id)s AND (transaction_id = %(searched)s OR id::text = %(searched)s)
LIMIT 2
