-- Where some bills are exported to, with the reference that each target gave. `fault` is why one has not taken its bill.
SELECT bill_id::text, target, state, reference, attempts AS attempted, fault, created_at, updated_at
FROM exports
WHERE bill_id = ANY(%(ids)s::uuid [])
ORDER BY bill_id, target
LIMIT %(limit)s
