-- The conversions with lines that requests hold.
SELECT DISTINCT dedup_key::text FROM approval_lines WHERE approval_id = ANY(%s::uuid [])
