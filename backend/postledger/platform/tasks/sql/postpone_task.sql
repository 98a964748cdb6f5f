-- Note that a task failed: it waits for its next attempt, or is dead.
UPDATE tasks SET
    state = CASE WHEN %(is_dead)s THEN 'dead' ELSE 'waiting' END,
    due_at = %(due_at)s,
    leased_until = NULL,
    fault = %(fault)s,
    settled_at = CASE WHEN %(is_dead)s THEN %(now)s::timestamptz END
WHERE id = %(id)s AND attempts = %(attempt)s AND state = 'waiting'
