-- Which of some conversions are in this ledger, and of each whether its money is followed: it was opened since the start
-- of the books, or it has lines. A self-test never is.
SELECT
    conversions.dedup_key::text,
    coalesce(sources.slug <> %(selftest)s, true)
    AND (
        conversions.created_at >= %(since)s
        OR EXISTS (SELECT FROM expense_lines WHERE expense_lines.dedup_key = conversions.dedup_key)
    )
FROM conversions
LEFT JOIN sources ON sources.id = conversions.source_id
WHERE conversions.dedup_key = ANY(%(dedup_keys)s::uuid [])
