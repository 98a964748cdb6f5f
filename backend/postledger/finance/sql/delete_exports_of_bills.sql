-- Forgets where bills were to be exported to.
DELETE FROM exports WHERE bill_id = ANY(%s::uuid [])
