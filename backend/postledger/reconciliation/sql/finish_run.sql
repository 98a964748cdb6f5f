-- Notes what a run has found.
UPDATE reconciliations SET state = 'done', counts = %(counts)s, ended_at = %(now)s
WHERE id = %(id)s AND state = 'running'
RETURNING started_by
