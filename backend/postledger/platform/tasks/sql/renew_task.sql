-- Renew the lease of a task that this worker still holds.
UPDATE tasks SET leased_until = %(leased_until)s, progress = coalesce(%(progress)s, progress)
WHERE id = %(id)s AND attempts = %(attempt)s AND state = 'waiting' AND leased_until IS NOT NULL
