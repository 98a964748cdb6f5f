-- each statement by itself
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction, prefer-robust-stmts
-- A trace goes from a conversion to its work items, and from a bank's reference to the line that has it. Both must be
-- found without reading the whole table. Lines of networks' reports have no reference, so their import writes nothing here.
--
-- Safe while the previous release serves: built concurrently, writers and readers go on. Whatever interrupts it leaves an
-- index that is never used, and that the next attempt removes first.
DROP INDEX CONCURRENTLY IF EXISTS discrepancies_conversion;
CREATE INDEX CONCURRENTLY discrepancies_conversion ON discrepancies USING hash (dedup_key) WHERE dedup_key IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS discrepancies_line;
CREATE INDEX CONCURRENTLY discrepancies_line ON discrepancies (statement_id, line_no) WHERE statement_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS discrepancies_bill;
CREATE INDEX CONCURRENTLY discrepancies_bill ON discrepancies (bill_id) WHERE bill_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS discrepancies_receivable;
CREATE INDEX CONCURRENTLY discrepancies_receivable ON discrepancies (receivable_id) WHERE receivable_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS statement_lines_bank_reference;
CREATE INDEX CONCURRENTLY statement_lines_bank_reference ON statement_lines
USING hash (bank_reference) WHERE bank_reference IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS statement_lines_end_to_end;
CREATE INDEX CONCURRENTLY statement_lines_end_to_end ON statement_lines
USING hash (end_to_end) WHERE end_to_end IS NOT NULL;
