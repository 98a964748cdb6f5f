-- Puts an affiliate into force: creates it, changes it, or revives it with its history.
INSERT INTO affiliates (id, name, created_at, updated_at)
SELECT id, name, at, at
FROM (VALUES (%s::text, %s::text, %s::timestamptz)) AS affiliate (id, name, at)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, updated_at = excluded.updated_at, removed_at = NULL
