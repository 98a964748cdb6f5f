-- Put a task in, unless one with the same key waits already.
INSERT INTO tasks (id, name, args, unique_key, state, attempts, due_at, created_by, created_at)
VALUES (%(id)s, %(name)s, %(args)s, %(unique_key)s, 'waiting', 0, %(now)s, %(actor)s, %(now)s)
ON CONFLICT (unique_key) WHERE state = 'waiting' DO NOTHING
