-- Where a bill is exported to.
SELECT target, state, reference, attempts, updated_at FROM exports WHERE bill_id = %s ORDER BY target
