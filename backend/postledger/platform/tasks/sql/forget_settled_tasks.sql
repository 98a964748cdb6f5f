-- Delete tasks that were settled long ago. Dead ones stay until an operator decides.
DELETE FROM tasks WHERE state IN ('done', 'discarded') AND settled_at < %(before)s
