-- each statement by itself
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction, prefer-robust-stmts
-- No statement looks a line up by its fingerprint: lines of a bank account are compared by days, those of a report within
-- the report. The index took a quarter of what the import of a report writes to the disk.
--
-- Safe while the previous release serves: dropped concurrently, and it never used the index either.
DROP INDEX CONCURRENTLY IF EXISTS statement_lines_fingerprint;
