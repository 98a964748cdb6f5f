-- Records what the broker has confirmed.
UPDATE publications
SET published_at = %(now)s, due_at = NULL
FROM unnest(%(dedup_keys)s::uuid [], %(receipts)s::uuid []) AS confirmed (dedup_key, receipt)
WHERE publications.dedup_key = confirmed.dedup_key AND publications.receipt = confirmed.receipt
