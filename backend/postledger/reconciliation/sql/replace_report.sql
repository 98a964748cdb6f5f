-- A newer report of the same source and period counts from now on.
UPDATE statements SET replaced_at = %(now)s WHERE id = %(id)s
