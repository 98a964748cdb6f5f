-- The receipt that opened a conversion.
SELECT id::text AS receipt FROM conversions WHERE dedup_key = %(dedup_key)s::uuid LIMIT %(limit)s
