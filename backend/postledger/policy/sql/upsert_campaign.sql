-- Puts a campaign into force: creates it, changes it, or revives it with its history.
INSERT INTO campaigns (slug, name, destination, created_at, updated_at)
SELECT slug, name, destination, at, at
FROM (VALUES (%s::text, %s::text, %s::text, %s::timestamptz)) AS campaign (slug, name, destination, at)
ON CONFLICT (slug) DO UPDATE
SET name = excluded.name, destination = excluded.destination, updated_at = excluded.updated_at, removed_at = NULL
