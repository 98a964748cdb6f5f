-- The bills of each target by the state of their export, with the age of the oldest and the time of the newest change.
SELECT target,
       state,
       count(*) AS bills,
       max(attempts) AS "most attempts",
       extract(EPOCH FROM now() - min(created_at))::float8 AS "the oldest",
       extract(EPOCH FROM now() - max(updated_at))::float8 AS "last change"
FROM exports
GROUP BY target, state
ORDER BY target, state
LIMIT 100
