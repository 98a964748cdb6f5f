-- Records attempts of a forward, and what becomes of their deliveries. An attempt that was made under a lease that ran out
-- is left out if the delivery was settled or tried again meanwhile. Each delivery is looked up by its key first: as a join,
-- with statistics from before the table grew, Postgres would walk all of it.
WITH results AS MATERIALIZED (
    SELECT
        result.*,
        (
            SELECT deliveries.ctid FROM deliveries
            WHERE
                deliveries.dedup_key = result.dedup_key AND deliveries.forward = %(forward)s
                AND deliveries.receipt = result.receipt
            FOR UPDATE
        ) AS row_id
    FROM json_to_recordset(%(results)s::json) AS result (
        dedup_key uuid, receipt uuid, attempt integer, state text, due_at timestamptz, at timestamptz, took_ms integer,
        http_status smallint, fault text
    )
),

settled AS (
    UPDATE deliveries
    SET
        state = results.state,
        attempts = results.attempt,
        due_at = results.due_at,
        leased_until = NULL,
        settled_at = CASE WHEN results.state <> 'waiting' THEN %(now)s::timestamptz END
    FROM results
    WHERE
        deliveries.ctid = results.row_id AND deliveries.settled_at IS NULL
        AND deliveries.attempts = results.attempt - 1
    RETURNING deliveries.dedup_key, deliveries.receipt
)

INSERT INTO delivery_attempts (dedup_key, forward, receipt, attempt, at, took_ms, http_status, fault)
SELECT
    results.dedup_key, %(forward)s, results.receipt, results.attempt, results.at, results.took_ms, results.http_status,
    results.fault
FROM results
JOIN settled ON settled.dedup_key = results.dedup_key AND settled.receipt = results.receipt
