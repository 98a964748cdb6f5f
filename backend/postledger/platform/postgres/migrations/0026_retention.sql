-- each statement by itself
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction, prefer-robust-stmts
-- What is old enough to be deleted. A delivery that is settled leaves other indexes anyway, so this one costs little more.
DROP INDEX CONCURRENTLY IF EXISTS deliveries_settled;
CREATE INDEX CONCURRENTLY deliveries_settled ON deliveries USING brin (settled_at);
