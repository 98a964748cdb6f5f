-- Copies what the reversal guard counts: the reversals of the last hour, and which of them an operator released.
WITH reversals AS (
    INSERT INTO pg_temp.conversion_events
    SELECT * FROM public.conversion_events WHERE reverses IS NOT NULL AND received_at > %(since)s
    RETURNING dedup_key, id
)

INSERT INTO pg_temp.parked_reversals
SELECT parked.*
FROM public.parked_reversals AS parked
INNER JOIN reversals ON reversals.dedup_key = parked.dedup_key AND reversals.id = parked.id
