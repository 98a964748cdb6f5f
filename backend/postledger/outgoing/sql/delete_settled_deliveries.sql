-- Deletes a portion of settled deliveries with their attempts, except those that were made to be sent again meanwhile.
WITH gone AS (
    DELETE FROM deliveries
    USING unnest(%(dedup_keys)s::uuid [], %(forwards)s::text [], %(receipts)s::uuid []) AS old (
        dedup_key, forward, receipt
    )
    WHERE
        deliveries.dedup_key = old.dedup_key AND deliveries.forward = old.forward AND deliveries.receipt = old.receipt
        AND deliveries.settled_at < %(before)s
    RETURNING deliveries.dedup_key, deliveries.forward, deliveries.receipt
),

attempts_gone AS (
    DELETE FROM delivery_attempts
    USING gone
    WHERE
        delivery_attempts.dedup_key = gone.dedup_key AND delivery_attempts.forward = gone.forward
        AND delivery_attempts.receipt = gone.receipt
)

SELECT count(*) FROM gone
