-- Note when a periodic task is due next.
UPDATE periodic_tasks SET due_at = %(due_at)s WHERE name = %(name)s
