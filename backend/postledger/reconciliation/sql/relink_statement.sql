-- Sets the statement before one of a bank account, and whether days are missing between them or are in both.
UPDATE statements SET follows = %(follows)s, gap = %(gap)s
WHERE id = %(id)s AND (follows IS DISTINCT FROM %(follows)s::uuid OR gap IS DISTINCT FROM %(gap)s)
