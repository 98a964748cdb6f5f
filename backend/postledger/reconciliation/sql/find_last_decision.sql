-- Who decided last on a work item, and when.
SELECT actor, at FROM discrepancy_notes WHERE key = %(key)s AND action = %(action)s ORDER BY nth DESC LIMIT 1
