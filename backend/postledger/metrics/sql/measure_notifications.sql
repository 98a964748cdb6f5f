-- How many notifications wait by channel, and since when.
SELECT channel, count(*), min(created_at)
FROM (
    SELECT channel, created_at FROM notifications WHERE state = 'waiting' ORDER BY due_at LIMIT %(limit)s
) AS waiting
GROUP BY channel
