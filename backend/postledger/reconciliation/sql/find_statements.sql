-- The statements whose id begins so.
SELECT id::text FROM statements WHERE id::text LIKE %s || '%%' LIMIT 2
