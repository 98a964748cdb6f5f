-- Which of these forwards are in force and switched off.
SELECT slug FROM forwards WHERE slug = any(%s) AND circuit = 'off' AND removed_at IS NULL
