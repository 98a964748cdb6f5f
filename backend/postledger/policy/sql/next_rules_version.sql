-- Begins the next version of the expense rules. A number is never used twice, because lines name it.
UPDATE finance
SET rules_version = greatest(rules_version, (SELECT coalesce(max(version), 0) FROM expense_rules)) + 1
RETURNING rules_version
