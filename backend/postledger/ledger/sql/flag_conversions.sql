-- Marks conversions that a postback contradicted. The conversion itself stays as it is.
UPDATE conversions
SET conflicted_at = %s
WHERE dedup_key = ANY(%s::uuid[])
