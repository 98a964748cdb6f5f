-- Takes the conversions that have refunds out of those that are left.
DELETE FROM left_conversions USING claims WHERE claims.is_refund AND claims.dedup_key = left_conversions.dedup_key
