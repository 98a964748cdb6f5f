-- The new requests hold what the old ones did.
INSERT INTO approval_lines (dedup_key, seq, approval_id)
SELECT held.dedup_key, held.seq, renewed.new_id
FROM unnest(%(old)s::uuid [], %(new)s::uuid []) AS renewed (old_id, new_id)
JOIN approval_lines AS held ON held.approval_id = renewed.old_id
