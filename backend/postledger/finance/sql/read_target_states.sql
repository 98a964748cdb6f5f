-- How the targets of exports fare.
SELECT slug, failures, paused_until FROM export_targets WHERE removed_at IS NULL
