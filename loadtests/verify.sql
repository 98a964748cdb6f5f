-- What must be true of the ledger after a load test, one statement for each promise. Each returns what breaks it: a
-- receipt or a transaction id, at most as many as there are. `acks` is the log of the run as a temporary table; `sent` is
-- one row for each conversion that it reported; `run` holds the span of time in which rows of the run can lie.

-- name: every accepted answer is in the audit
SELECT acks.receipt::text AS id
FROM acks LEFT JOIN audit ON audit.id = acks.receipt
WHERE acks.kind = 'postback' AND acks.is_taken AND audit.id IS NULL;

-- name: the audit has the verdict that was answered
SELECT acks.receipt::text AS id
FROM acks INNER JOIN audit ON audit.id = acks.receipt
WHERE acks.kind = 'postback' AND NOT acks.is_unknown AND audit.verdict <> acks.said;

-- name: no receipt was given twice
SELECT receipt::text AS id FROM acks WHERE receipt IS NOT NULL GROUP BY receipt HAVING count(*) > 1;

-- name: each accepted conversion is on the ledger
SELECT sent.transaction AS id
FROM sent LEFT JOIN booked USING (source, transaction)
WHERE sent.is_taken AND booked.transaction IS NULL;

-- name: no conversion is on the ledger twice
SELECT transaction AS id FROM booked GROUP BY source, transaction HAVING count(*) > 1;

-- name: no conversion was opened twice
SELECT conversion_id::text AS id FROM audit WHERE verdict = 'accepted' GROUP BY conversion_id HAVING count(*) > 1;

-- name: payout and currency are those that were sent
SELECT sent.transaction AS id
FROM sent INNER JOIN booked USING (source, transaction)
WHERE booked.payout IS DISTINCT FROM sent.payout OR booked.currency IS DISTINCT FROM sent.currency;

-- name: the status is the last one that was accepted
SELECT sent.transaction AS id
FROM sent INNER JOIN booked USING (source, transaction)
WHERE sent.status IS NOT NULL AND booked.status <> sent.status AND NOT sent.has_unknown;

-- name: nothing refused is on the ledger
SELECT acks.receipt::text AS id
FROM acks INNER JOIN audit ON audit.id = acks.receipt
WHERE NOT acks.is_taken AND NOT acks.is_unknown AND audit.verdict <> 'refused';

-- name: nothing is on the ledger that was never sent
SELECT booked.transaction AS id
FROM booked LEFT JOIN sent USING (source, transaction)
WHERE sent.transaction IS NULL;

-- name: no forgery is on the ledger
SELECT forged.transaction AS id
FROM acks AS forged
WHERE forged.kind = 'forged' AND (
    forged.is_taken OR EXISTS (SELECT FROM conversions WHERE conversions.transaction_id = forged.transaction)
);

-- name: nothing that was tried in the sandbox is on the ledger
SELECT acks.transaction AS id
FROM acks
WHERE acks.kind = 'tried' AND (
    EXISTS (SELECT FROM postbacks, run WHERE postbacks.id = acks.receipt AND postbacks.received_at BETWEEN run.since AND run.until)
    OR EXISTS (SELECT FROM conversions WHERE conversions.transaction_id = acks.transaction)
);

-- name: each redirected click is stored
SELECT acks.click AS id
FROM acks LEFT JOIN clicks ON clicks.click_id = acks.click
WHERE acks.kind = 'click' AND acks.is_taken AND clicks.click_id IS NULL;
