-- The ids of bills, by their numbers or ids.
SELECT id::text, number FROM bills WHERE number = ANY(%(searched)s) OR id = ANY(%(ids)s::uuid [])
