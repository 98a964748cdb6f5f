-- Discard tasks. The worker that holds one sees it when it renews the lease.
UPDATE tasks SET state = 'discarded', leased_until = NULL, settled_at = %(now)s
WHERE id = ANY(%(ids)s::uuid[]) AND state IN ('waiting', 'dead')
RETURNING id::text
