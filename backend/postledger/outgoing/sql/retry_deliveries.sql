-- Makes what failed at a forward in force due now, and what waits for its next attempt. Returns how many they were, and the
-- circuit of each of these forwards that does not send now.
-- Without a forward or a receipt it is all of them.
WITH chosen AS (
    SELECT deliveries.ctid, deliveries.state, deliveries.forward FROM deliveries
    JOIN forwards ON forwards.slug = deliveries.forward AND forwards.removed_at IS NULL
    WHERE
        (
            deliveries.state = 'failed'
            OR (deliveries.state = 'waiting' AND deliveries.attempts > 0 AND deliveries.due_at > %(now)s)
        )
        AND (%(forward)s::text IS NULL OR deliveries.forward = %(forward)s::text)
        AND (%(receipt)s::uuid IS NULL OR deliveries.receipt = %(receipt)s::uuid)
    FOR UPDATE OF deliveries
),

changed AS (
    UPDATE deliveries SET state = 'waiting', due_at = %(now)s, settled_at = NULL
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM chosen))
)

SELECT
    count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'waiting'),
    coalesce((
        SELECT jsonb_object_agg(slug, circuit) FROM forwards
        WHERE
            circuit <> 'closed' AND removed_at IS NULL
            AND (slug = %(forward)s::text OR slug IN (SELECT forward FROM chosen))
    ), '{}')
FROM chosen
