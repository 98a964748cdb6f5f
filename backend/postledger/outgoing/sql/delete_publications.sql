-- Deletes a portion of publications.
DELETE FROM publications
USING unnest(%(dedup_keys)s::uuid [], %(receipts)s::uuid []) AS old (dedup_key, receipt)
WHERE publications.dedup_key = old.dedup_key AND publications.receipt = old.receipt
