-- Takes the conversions that the last pass has claimed out of those that are left.
DELETE FROM left_conversions USING late_claims WHERE late_claims.dedup_key = left_conversions.dedup_key
