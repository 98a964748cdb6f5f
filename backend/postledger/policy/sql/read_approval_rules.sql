-- The approval rules in force, in order and with their version. Without rules: one row, with no body.
SELECT finance.approval_rules_version, approval_rules.body
FROM finance LEFT JOIN approval_rules ON approval_rules.version = finance.approval_rules_version
ORDER BY approval_rules.position
