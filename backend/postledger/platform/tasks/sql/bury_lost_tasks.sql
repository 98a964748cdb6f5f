-- Give up tasks whose workers have ended in each of their attempts.
UPDATE tasks
SET state = 'dead', fault = coalesce(fault, 'WorkerEnded'), leased_until = NULL, settled_at = %(now)s
WHERE state = 'waiting' AND attempts >= %(attempts)s AND leased_until <= %(now)s AND name = ANY(%(names)s)
RETURNING name
