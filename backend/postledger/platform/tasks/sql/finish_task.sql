-- Settle a task that is done, if this worker still holds it.
UPDATE tasks
SET state = 'done', fault = NULL, progress = coalesce(%(progress)s, progress), leased_until = NULL, settled_at = %(now)s
WHERE id = %(id)s AND attempts = %(attempt)s AND state = 'waiting'
