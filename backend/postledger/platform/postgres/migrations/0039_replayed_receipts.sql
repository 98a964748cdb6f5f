-- each statement by itself
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction, prefer-robust-stmts
-- Parked reversals are listed with the replay that has brought them, which this index finds. Built concurrently and safe as
-- 0008 is.
DROP INDEX CONCURRENTLY IF EXISTS replayed_postbacks_receipt;
CREATE INDEX CONCURRENTLY replayed_postbacks_receipt ON replayed_postbacks (receipt);
