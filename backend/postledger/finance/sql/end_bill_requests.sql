-- Ends requests, because there is nothing left to decide.
UPDATE approvals SET state = 'superseded', settled_at = %(now)s WHERE id = ANY(%(ids)s::uuid [])
