-- Add periodic tasks that this ledger does not know yet.
INSERT INTO periodic_tasks (name, due_at)
SELECT name, %(now)s FROM unnest(%(names)s::text[]) AS name
ON CONFLICT (name) DO NOTHING
