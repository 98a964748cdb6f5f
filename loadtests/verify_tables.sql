-- The tables that the promises are written over. `acks` was filled before.
CREATE INDEX ON acks (receipt);
CREATE INDEX ON acks (transaction);
ANALYZE acks;

CREATE TEMPORARY TABLE run AS
SELECT
    to_timestamp(min(due) - 0.5) AS since,
    to_timestamp(max(sent + took) + 60) AS until
FROM acks;

CREATE TEMPORARY TABLE run_sources AS
SELECT sources.id, sources.slug
FROM sources
WHERE sources.slug IN (SELECT source FROM acks WHERE kind IN ('postback', 'forged'));

-- No sender of a load test uses a transaction id for two events, so it names a conversion of its source. A status counts
-- once its postback was accepted; of several the one that was answered last.
CREATE TEMPORARY TABLE sent AS
SELECT
    source,
    transaction,
    bool_or(is_taken) AS is_taken,
    bool_or(is_unknown) AS has_unknown,
    min(payout) AS payout,
    min(currency) AS currency,
    (array_agg(status ORDER BY sent + took DESC) FILTER (WHERE said IN ('accepted', 'updated')))[1] AS status
FROM acks
WHERE kind = 'postback'
GROUP BY source, transaction;
CREATE INDEX ON sent (transaction);
ANALYZE sent;

CREATE TEMPORARY TABLE audit AS
SELECT postbacks.id, postbacks.verdict, postbacks.reason, postbacks.conversion_id
FROM postbacks, run
WHERE
    postbacks.received_at BETWEEN run.since AND run.until
    AND postbacks.source_id IN (SELECT id FROM run_sources);
CREATE INDEX ON audit (id);
ANALYZE audit;

CREATE TEMPORARY TABLE booked AS
SELECT
    run_sources.slug AS source,
    conversions.transaction_id AS transaction,
    conversions.payout,
    conversions.currency,
    conversions.status
FROM conversions INNER JOIN run_sources ON conversions.source_id = run_sources.id, run
WHERE conversions.created_at BETWEEN run.since AND run.until;
CREATE INDEX ON booked (transaction);
ANALYZE booked;
