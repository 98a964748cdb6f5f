-- End the lease of a task that a worker could not finish because it stops. The attempt does not count.
UPDATE tasks SET attempts = attempts - 1, leased_until = NULL, due_at = %(now)s
WHERE id = %(id)s AND attempts = %(attempt)s AND state = 'waiting'
