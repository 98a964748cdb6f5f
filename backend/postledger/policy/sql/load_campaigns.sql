-- The campaigns in force, as the backend needs them.
SELECT id, slug, destination FROM campaigns WHERE removed_at IS NULL
