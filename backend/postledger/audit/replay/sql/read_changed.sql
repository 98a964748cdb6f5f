-- What some postbacks have changed.
SELECT
    id::text, kind, status_before, status_after, payout_before, currency_before, payout, currency, delta
FROM conversion_events
WHERE dedup_key = ANY(%(dedup_keys)s::uuid[]) AND id = ANY(%(receipts)s::uuid[])
