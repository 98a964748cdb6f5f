-- each statement by itself
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction, prefer-robust-stmts
-- A refund has a transaction id of its own, and `trace` must find it while it is parked as well as after it was booked;
-- what is settled stays in this table for ever. Built concurrently and safe as 0008 is.
DROP INDEX CONCURRENTLY IF EXISTS parked_reversals_transaction_id;
CREATE INDEX CONCURRENTLY parked_reversals_transaction_id ON parked_reversals USING hash (transaction_id);
