-- How many tasks wait, and how many have been given up, by name. Both parts use an index of their state.
SELECT name, count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'dead')
FROM (
    (SELECT name, state FROM tasks WHERE state = 'waiting' ORDER BY due_at LIMIT %(limit)s)
    UNION ALL
    (SELECT name, state FROM tasks WHERE state = 'dead' ORDER BY name LIMIT %(limit)s)
) AS unsettled
GROUP BY name
