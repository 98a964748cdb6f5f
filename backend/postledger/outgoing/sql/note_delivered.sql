-- Notes when something was last delivered to a forward.
UPDATE forwards SET delivered_at = %(now)s WHERE slug = %(forward)s
