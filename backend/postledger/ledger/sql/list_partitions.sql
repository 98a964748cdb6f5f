-- The partitions of the audit table: those that are being detached, those that are not, or both if `pending` is NULL.
SELECT relname
FROM pg_inherits
JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'postbacks'::regclass AND inhdetachpending = coalesce(%(pending)s::boolean, inhdetachpending)
ORDER BY relname
