-- The conversions that have an id: their receipt, transaction id or click id, or that of one of their lines. The id of a
-- line holds the time at which it was written.
SELECT dedup_key::text FROM conversions WHERE id = %(receipt)s::uuid
UNION
SELECT dedup_key::text FROM conversions WHERE transaction_id = %(id)s
UNION
SELECT dedup_key::text FROM conversions WHERE click_id = %(id)s
UNION
SELECT dedup_key::text FROM expense_lines
WHERE id = %(receipt)s::uuid AND created_at BETWEEN %(first)s AND %(last)s
