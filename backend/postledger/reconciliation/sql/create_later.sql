-- What the first change after `as_of` found: the state of a conversion at `as_of`.
CREATE TEMPORARY TABLE later AS
SELECT DISTINCT ON (dedup_key) dedup_key, status_before, payout_before, currency_before
FROM conversion_events
WHERE source_id = %(source_id)s AND received_at > %(as_of)s AND status_before IS NOT NULL
ORDER BY dedup_key, revision
