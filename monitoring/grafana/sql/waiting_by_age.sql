-- What waits for approval by how long it has, the longest first; each class is there, with nothing in it too.
WITH classes (least_days, most_days, name) AS (
    VALUES (90, 36500, 'over 90 days'), (30, 90, '30 to 90 days'), (7, 30, '7 to 30 days'),
           (1, 7, '1 to 7 days'), (-1, 1, 'under a day')
)
SELECT classes.name AS waited, count(conversions.created_at) AS conversions
FROM classes
LEFT JOIN conversions
    ON conversions.status = 'pending'
    AND conversions.created_at <= now() - classes.least_days * interval '1 day'
    AND conversions.created_at > now() - classes.most_days * interval '1 day'
GROUP BY classes.name, classes.least_days
ORDER BY classes.least_days DESC
