-- Begins the next version of the approval rules. A number is never used twice, because lines and requests name it.
UPDATE finance
SET
    approval_rules_version
    = greatest(approval_rules_version, (SELECT max(version) FROM approval_rules), 0) + 1
RETURNING approval_rules_version
