-- Counts what waits for a forward.
SELECT count(*) FROM deliveries WHERE forward = %s AND state = 'waiting'
