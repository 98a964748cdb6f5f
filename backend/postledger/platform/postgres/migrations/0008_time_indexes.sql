-- each statement by itself
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction, prefer-robust-stmts
-- Dashboards ask for the last hours of these two tables, which are kept for ever, and had to read them whole. A BRIN
-- keeps what times each megabyte of a table holds: a few kilobytes for a year. An insert only asks whether the end of
-- the table has been summed up yet, which it has not; autovacuum does that once the next megabyte begins.
--
-- Several spans for each megabyte (minmax_multi, Postgres 14), because an import brings clicks of all times, and a
-- status that changes may move a row to the end of its table.
--
-- Not on updated_at, which each change of a status writes: up to Postgres 15 an index of any kind on a column that
-- changes has every other index written too. And not on postbacks, whose partitions are days already.
--
-- Safe while the previous release serves: built concurrently, writers and readers go on, and nobody needs the index to
-- be right. It waits for whoever reads at that moment, and holds nobody up meanwhile. No key is touched, so the rules
-- of Citus hold; it builds such an index on each shard. Whatever interrupts it leaves an index that is never used, and
-- that the next attempt removes first.
DROP INDEX CONCURRENTLY IF EXISTS conversions_created_at;
CREATE INDEX CONCURRENTLY conversions_created_at ON conversions
USING brin (created_at timestamptz_minmax_multi_ops) WITH (autosummarize = on);
DROP INDEX CONCURRENTLY IF EXISTS clicks_created_at;
CREATE INDEX CONCURRENTLY clicks_created_at ON clicks
USING brin (created_at timestamptz_minmax_multi_ops) WITH (autosummarize = on);
