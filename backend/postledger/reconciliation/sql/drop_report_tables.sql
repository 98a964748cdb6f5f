-- Removes what the passes of an earlier run of this session have left.
DROP TABLE IF EXISTS
pg_temp.report_lines, pg_temp.report_groups, pg_temp.ledger_side, pg_temp.claims, pg_temp.late_claims, pg_temp.refused_claims,
pg_temp.left_groups, pg_temp.named, pg_temp.left_conversions, pg_temp.candidates, pg_temp.elsewhere, pg_temp.verdicts,
pg_temp.judged_conversions, pg_temp.later, pg_temp.named_refunds
