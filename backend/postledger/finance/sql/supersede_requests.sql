-- Ends requests, because what they were bound to has changed.
UPDATE approvals SET state = 'superseded', settled_at = %(now)s WHERE id = ANY(%(ids)s::uuid [])
