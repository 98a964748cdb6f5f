-- The campaigns in force, as the backend needs them.
SELECT id, slug, destination, click_rate, click_burst FROM campaigns WHERE removed_at IS NULL
