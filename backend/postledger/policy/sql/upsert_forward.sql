-- Puts a forward into force: creates it, changes it, or revives it. The circuit of one in force stays as it is.
INSERT INTO forwards (slug, settings, created_at, updated_at)
SELECT slug, settings, at, at
FROM (VALUES (%s::text, %s::jsonb, %s::timestamptz)) AS forward (slug, settings, at)
ON CONFLICT (slug) DO UPDATE
SET
    settings = excluded.settings,
    updated_at = excluded.updated_at,
    circuit = CASE WHEN forwards.removed_at IS NULL THEN forwards.circuit ELSE 'closed' END,
    failures = CASE WHEN forwards.removed_at IS NULL THEN forwards.failures ELSE 0 END,
    failing_since = CASE WHEN forwards.removed_at IS NULL THEN forwards.failing_since END,
    circuit_until = CASE WHEN forwards.removed_at IS NULL THEN forwards.circuit_until END,
    removed_at = NULL
