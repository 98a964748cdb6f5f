-- Notes that a run has failed, and why in a word.
UPDATE reconciliations SET state = 'failed', fault = %(fault)s, ended_at = %(now)s WHERE id = %(id)s AND state = 'running'
