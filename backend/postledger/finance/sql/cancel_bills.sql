-- Cancels bills. They keep their numbers and amounts, and carry nothing any more.
UPDATE bills SET state = 'cancelled', updated_at = %(now)s WHERE id = ANY(%(ids)s::uuid [])
