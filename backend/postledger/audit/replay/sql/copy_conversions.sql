-- Copies conversions with their past, each once: what a dry run has made of one stays.
WITH copied AS (
    INSERT INTO pg_temp.conversions
    SELECT * FROM public.conversions WHERE dedup_key = ANY(%(dedup_keys)s::uuid[])
    ON CONFLICT DO NOTHING
    RETURNING dedup_key
),

changes AS (
    INSERT INTO pg_temp.conversion_events
    SELECT event.*
    FROM public.conversion_events AS event
    INNER JOIN copied ON copied.dedup_key = event.dedup_key
    ON CONFLICT DO NOTHING
)

INSERT INTO pg_temp.parked_reversals
SELECT parked.*
FROM public.parked_reversals AS parked
INNER JOIN copied ON copied.dedup_key = parked.dedup_key
ON CONFLICT DO NOTHING
