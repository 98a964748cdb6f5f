-- The conversions that no line is found for yet.
CREATE TEMPORARY TABLE left_conversions AS
SELECT * FROM ledger_side WHERE NOT EXISTS (SELECT FROM claims WHERE claims.dedup_key = ledger_side.dedup_key)
