-- The periodic tasks that are due, except those that another worker is putting in.
SELECT name, due_at FROM periodic_tasks
WHERE name = ANY(%(names)s) AND due_at <= %(now)s
ORDER BY name
FOR UPDATE SKIP LOCKED
