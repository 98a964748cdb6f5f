-- Gathers statistics of the large temporary tables, which autovacuum does not see.
ANALYZE report_groups, ledger_side
