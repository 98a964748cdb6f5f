-- The publications of some conversions, in the order of the changes that they carry. `due_at` is when a refused one is tried
-- again.
SELECT receipt::text, dedup_key::text, revision, kind, received_at, published_at, refusals, due_at
FROM publications
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[])
ORDER BY dedup_key, revision, received_at
LIMIT %(limit)s
